package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// driveURL is the simulated Google, as config.hcl names it; actingKey is the credential with which its files may be changed.
const (
	driveURL  = "http://127.0.0.1:9003"
	actingKey = "run/googleworkspace-acting.json"
)

// maxAnswer is what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// driveFile is what the checks read of a file.
type driveFile struct {
	Ref   string `json:"ref"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	Owner struct {
		Email string `json:"email"`
	} `json:"owner"`
}

// drive speaks to Google in a person's name, so that what is checked is not what the agent says of it.
type drive struct{ token string }

// someFile gives a private document of somebody, and Google in the name of that person.
func (d *demo) someFile(ctx context.Context) (*drive, *driveFile, error) {
	list, err := lines[driveFile](ctx, d, "query", "files", "--instance", guarded, "--limit", "1", "--where",
		"file.access_level == 'private' && file.type == 'file' && known(file.owner.email) && file.name.matches('(txt|md|docx?)$') && file.modified_at > ago('100d')")
	if err != nil {
		return nil, nil, err
	}
	if len(list) == 0 || list[0].Owner.Email == "" {
		return nil, nil, errors.New("no private file of a person was found")
	}
	token, err := signIn(ctx, list[0].Owner.Email)
	return &drive{token}, &list[0], err
}

// signIn gets a token in a person's name.
func signIn(ctx context.Context, who string) (string, error) {
	text, err := os.ReadFile(actingKey)
	if err != nil {
		return "", err
	}
	var key struct {
		ID    string `json:"private_key_id"`
		Key   string `json:"private_key"`
		Email string `json:"client_email"`
		To    string `json:"token_uri"`
	}
	if err := json.Unmarshal(text, &key); err != nil {
		return "", fmt.Errorf("%s: %w", actingKey, err)
	}
	now := time.Now()
	assertion, err := signed(key.Key, map[string]string{"alg": "RS256", "typ": "JWT", "kid": key.ID}, map[string]any{
		"iss": key.Email, "sub": who, "scope": "https://www.googleapis.com/auth/drive", "aud": key.To,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w", actingKey, err)
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	var answer struct {
		Token string `json:"access_token"`
	}
	err = ask(ctx, http.MethodPost, "/token", "application/x-www-form-urlencoded", "", strings.NewReader(form.Encode()), &answer)
	return answer.Token, err
}

// signed is a JWT.
func signed(key string, header, claims any) (string, error) {
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		return "", errors.New("expected a key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", err
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return "", fmt.Errorf("expected an RSA key, it is a %T", parsed)
	}
	var parts []string
	for _, v := range []any{header, claims} {
		b, err := json.Marshal(v)
		if err != nil {
			return "", err
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(b))
	}
	text := strings.Join(parts, ".")
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(sig), err
}

// open gives everybody access to a file.
func (d *drive) open(ctx context.Context, f *driveFile) error {
	body := `{"type":"anyone","role":"reader","allowFileDiscovery":true}`
	return ask(ctx, http.MethodPost, permissions(f), "application/json", d.token, strings.NewReader(body), nil)
}

// access says who can do what with a file.
func (d *drive) access(ctx context.Context, f *driveFile) ([]string, error) {
	var answer struct {
		Permissions []struct{ Type, Role, EmailAddress string }
	}
	at := permissions(f) + "?fields=permissions(type,role,emailAddress)"
	if err := ask(ctx, http.MethodGet, at, "", d.token, nil, &answer); err != nil {
		return nil, err
	}
	var list []string
	for _, p := range answer.Permissions {
		list = append(list, strings.TrimPrefix(p.EmailAddress+" ", " ")+p.Type+": "+p.Role)
	}
	slices.Sort(list)
	return list, nil
}

// expect holds who can do what with a file against what it should be.
func (d *drive) expect(ctx context.Context, f *driveFile, want []string, what string) error {
	now, err := d.access(ctx, f)
	if err == nil && !slices.Equal(now, want) {
		err = fmt.Errorf("expected %s %s, %v; at Google it is %v", f.Name, what, want, now)
	}
	return err
}

func permissions(f *driveFile) string {
	return "/drive/v3/files/" + url.PathEscape(f.ID) + "/permissions"
}

// ask is one request to the simulated Google.
func ask(ctx context.Context, method, path, kind, token string, body io.Reader, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, driveURL+path, body)
	if err != nil {
		return err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode > 299 {
		return fmt.Errorf("%s %s of the simulated Google: %s: %.300s", method, path, res.Status, bytes.TrimSpace(b))
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(b, answer)
}
