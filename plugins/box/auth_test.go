package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"hash"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
)

// configJSON is a file as the console gives it.
func configJSON(t *testing.T, key []byte, passphrase string) string {
	t.Helper()
	return string(marshal(t, map[string]any{
		"boxAppSettings": map[string]any{
			"clientID": clientID, "clientSecret": clientSecret,
			"appAuth": map[string]any{"publicKeyID": "key1", "privateKey": string(key), "passphrase": passphrase},
		},
		"enterpriseID": enterpriseID,
	}))
}

func plainPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(appKey())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// encryptedPEM is PBES2 as OpenSSL writes it.
func encryptedPEM(t *testing.T, passphrase string, scheme asn1.ObjectIdentifier, sum func() hash.Hash) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(appKey())
	if err != nil {
		t.Fatal(err)
	}
	salt := []byte("8 bytes.")
	key, err := pbkdf2.Key(sum, passphrase, salt, 2048, keySize(scheme))
	if err != nil {
		t.Fatal(err)
	}
	var c cipher.Block
	if scheme.Equal(oid3DES) {
		c, err = des.NewTripleDESCipher(key)
	} else {
		c, err = aes.NewCipher(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	pad := c.BlockSize() - len(der)%c.BlockSize()
	der = append(der, []byte(strings.Repeat(string(rune(pad)), pad))...)
	iv := make([]byte, c.BlockSize())
	_, _ = rand.Read(iv)
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(der, der)
	d := derivation{Salt: salt, Iterations: 2048}
	if sum().Size() == sha256.Size {
		d.Hash = pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}
	}
	out := must1(asn1.Marshal(encryptedKey{
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: raw(t, pbes2{
			Derivation: pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: raw(t, d)},
			Scheme:     pkix.AlgorithmIdentifier{Algorithm: scheme, Parameters: raw(t, iv)},
		})},
		Data: der,
	}))
	return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: out})
}

func raw(t *testing.T, v any) asn1.RawValue {
	t.Helper()
	var r asn1.RawValue
	if _, err := asn1.Unmarshal(must1(asn1.Marshal(v)), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestKeys(t *testing.T) {
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(appKey())})
	for name, c := range map[string]struct {
		pem        []byte
		passphrase string
		good       bool
	}{
		"plain":             {plainPEM(t), "", true},
		"pkcs1":             {pkcs1, "", true},
		"3des sha1":         {encryptedPEM(t, "sesame", oid3DES, sha1.New), "sesame", true},
		"aes256 sha256":     {encryptedPEM(t, "sesame", oidAES256, sha256.New), "sesame", true},
		"aes128 sha256":     {encryptedPEM(t, "sesame", oidAES128, sha256.New), "sesame", true},
		"wrong passphrase":  {encryptedPEM(t, "sesame", oidAES256, sha256.New), "other", false},
		"no passphrase":     {encryptedPEM(t, "sesame", oidAES256, sha256.New), "", false},
		"not a key":         {[]byte("hello"), "", false},
		"another structure": {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{0x30, 0}}), "sesame", false},
	} {
		key, err := privateKey(string(c.pem), c.passphrase)
		switch {
		case c.good && (err != nil || !key.Equal(appKey())):
			t.Errorf("%s: %v", name, err)
		case !c.good && (err == nil || sdk.TypeOf(err) != sdk.ErrAuth || strings.Contains(err.Error(), c.passphrase) && c.passphrase != ""):
			t.Errorf("%s: %v, an error of type auth is expected", name, err)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add([]byte{0x30, 0}, "x")
	f.Fuzz(func(_ *testing.T, der []byte, passphrase string) {
		_ = decrypt(der, passphrase[:min(len(passphrase), 8)])
	})
}

// TestWaysToSignIn asks who one is, in each way.
func TestWaysToSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		secrets map[string]string
		change  func(*boxtest.Config)
		want    string // id, "" for an error of type auth
	}{
		"client credentials": {clientSecrets(), nil, serviceID},
		"wrong secret":       {map[string]string{"client_id": clientID, "client_secret": "no", "enterprise_id": enterpriseID}, nil, ""},
		"wrong enterprise":   {map[string]string{"client_id": clientID, "client_secret": clientSecret, "enterprise_id": "1"}, nil, ""},
		"key":                {map[string]string{"config_json": configJSON(t, plainPEM(t), "")}, nil, serviceID},
		"encrypted key":      {map[string]string{"config_json": configJSON(t, encryptedPEM(t, "p", oid3DES, sha1.New), "p")}, nil, serviceID},
		"key not in console": {
			map[string]string{"config_json": configJSON(t, plainPEM(t), "")}, func(c *boxtest.Config) { c.App.KeyID = "key2" }, "",
		},
		"not a file":   {map[string]string{"config_json": "{}"}, nil, ""},
		"webhook only": {map[string]string{primaryField: "a", secondaryField: "b"}, nil, ""},
	} {
		w := start(t, newContent(), c.change)
		me, err := whoami(t.Context(), w.session(t, c.secrets))
		switch {
		case c.want != "" && (err != nil || me.ID != c.want):
			t.Errorf("%s: %v, %v", name, me, err)
		case c.want == "" && sdk.TypeOf(err) != sdk.ErrAuth:
			t.Errorf("%s: %v, an error of type auth is expected", name, err)
		case err != nil && (strings.Contains(err.Error(), clientSecret) || strings.Contains(err.Error(), "PRIVATE")):
			t.Errorf("%s: the error shows a secret: %v", name, err)
		}
	}
}

// TestTokenExpires: another is asked for, once.
func TestTokenExpires(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	for range 3 {
		if _, err := whoami(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	w.fake.ExpireAccess()
	if _, err := whoami(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if n := w.fake.Stats().Calls("POST /oauth2/token"); n != 2 {
		t.Errorf("%d tokens were asked for, 2 are expected", n)
	}
}

// login finds a person's consent and exchanges it, as mooring login does.
func login(t *testing.T, s *sdk.Session) map[string]string {
	t.Helper()
	flow := auth()[2].Login
	u := flow.URL(s) + "?" + url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {"https://localhost/done"}, "state": {"s1"},
	}.Encode()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(c.CloseIdleConnections)
	req := must1(http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil))
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	back := must1(url.Parse(res.Header.Get("Location")))
	if back.Query().Get("state") != "s1" || back.Host != "localhost" {
		t.Fatalf("sent back to %s", back)
	}
	kept, token, err := flow.Exchange(t.Context(), s, sdk.Code{Value: back.Query().Get("code"), Redirect: "https://localhost/done"})
	if err != nil || token == nil || token.Next != "" {
		t.Fatalf("token %v, %v", token, err)
	}
	if _, _, err := flow.Exchange(t.Context(), s, sdk.Code{Value: back.Query().Get("code")}); sdk.TypeOf(err) != sdk.ErrAuth {
		t.Errorf("a code works twice: %v", err)
	}
	return kept
}

// TestLogin: consent, then tokens from refresh tokens that work once each.
func TestLogin(t *testing.T) {
	w := start(t, newContent(), nil)
	secrets := map[string]string{"client_id": clientID, "client_secret": clientSecret}
	s := w.session(t, secrets)
	kept := login(t, s)
	first := kept[refreshField]
	secrets[refreshField] = first
	token, err := userToken(t.Context(), s, "")
	if err != nil || token.Next == "" || token.Next == first || time.Until(token.Expires) < 50*time.Minute {
		t.Fatalf("token %v, %v", token, err)
	}
	secrets[refreshField] = token.Next
	if _, err = userToken(t.Context(), s, ""); err != nil {
		t.Fatal(err)
	}
	if w.fake.SpentTwice() != 0 {
		t.Errorf("spent twice: %d", w.fake.SpentTwice())
	}
	secrets[refreshField] = first
	if _, err := userToken(t.Context(), s, ""); sdk.TypeOf(err) != sdk.ErrAuth {
		t.Errorf("a spent refresh token gives %v, an error of type auth is expected", err)
	}
	if w.fake.SpentTwice() != 1 {
		t.Errorf("the fake saw %d spent twice", w.fake.SpentTwice())
	}
}

// TestCodeExpires: after 30 seconds it is of no use.
func TestCodeExpires(t *testing.T) {
	now := time.Now()
	w := start(t, newContent(), func(c *boxtest.Config) { c.Now = func() time.Time { return now } })
	s := w.session(t, map[string]string{"client_id": clientID, "client_secret": clientSecret})
	code := w.fake.Code(someone(1).ID, "")
	now = now.Add(31 * time.Second)
	if _, _, err := exchange(t.Context(), s, sdk.Code{Value: code}); sdk.TypeOf(err) != sdk.ErrAuth {
		t.Errorf("an old code gives %v", err)
	}
}
