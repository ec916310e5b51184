package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // the vendor's files use triple DES
	"crypto/pbkdf2"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // what the files name
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"hash"

	"github.com/mooring-hq/mooring/sdk"
)

// maxIterations bounds the work that a key file can ask for.
const maxIterations = 10_000_000

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidSHA1   = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}
	oidSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oid3DES   = asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}
	oidAES128 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES192 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}
	oidAES256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// privateKey reads an RSA key: PKCS #8, encrypted (PBES2, RFC 8018) as the console gives it, or plain; or PKCS #1. Its
// errors say nothing of the key.
func privateKey(text, passphrase string) (*rsa.PrivateKey, error) {
	wrong := &sdk.Error{
		Type: sdk.ErrAuth, Field: "config_json",
		Message: "privateKey of config_json is not an RSA key in PEM form that its passphrase opens",
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, wrong
	}
	der := block.Bytes
	if block.Type == "ENCRYPTED PRIVATE KEY" {
		if der = decrypt(der, passphrase); der == nil {
			return nil, wrong
		}
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if key, ok := parsed.(*rsa.PrivateKey); err == nil && ok {
		return key, nil
	}
	return nil, wrong
}

type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2 struct{ Derivation, Scheme pkix.AlgorithmIdentifier }

type derivation struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	Hash       pkix.AlgorithmIdentifier `asn1:"optional"`
}

// decrypt opens PBES2; nil when it does not open.
func decrypt(der []byte, passphrase string) []byte {
	var k encryptedKey
	var p pbes2
	var d derivation
	var iv []byte
	if !parse(der, &k) || !k.Algorithm.Algorithm.Equal(oidPBES2) || !parse(k.Algorithm.Parameters.FullBytes, &p) ||
		!p.Derivation.Algorithm.Equal(oidPBKDF2) || !parse(p.Derivation.Parameters.FullBytes, &d) ||
		!parse(p.Scheme.Parameters.FullBytes, &iv) || d.Iterations < 1 || d.Iterations > maxIterations {
		return nil
	}
	var sum func() hash.Hash
	switch a := d.Hash.Algorithm; {
	case len(a) == 0, a.Equal(oidSHA1):
		sum = sha1.New
	case a.Equal(oidSHA256):
		sum = sha256.New
	default:
		return nil
	}
	size := keySize(p.Scheme.Algorithm)
	if size == 0 {
		return nil
	}
	key, err := pbkdf2.Key(sum, passphrase, d.Salt, d.Iterations, size)
	if err != nil {
		return nil
	}
	c, err := block(p.Scheme.Algorithm, key)
	if err != nil || len(iv) != c.BlockSize() || len(k.Data) == 0 || len(k.Data)%c.BlockSize() != 0 {
		return nil
	}
	out := make([]byte, len(k.Data))
	cipher.NewCBCDecrypter(c, iv).CryptBlocks(out, k.Data)
	return unpad(out, c.BlockSize())
}

func parse(der []byte, into any) bool {
	rest, err := asn1.Unmarshal(der, into)
	return err == nil && len(rest) == 0
}

func keySize(scheme asn1.ObjectIdentifier) int {
	switch {
	case scheme.Equal(oid3DES), scheme.Equal(oidAES192):
		return 24
	case scheme.Equal(oidAES128):
		return 16
	case scheme.Equal(oidAES256):
		return 32
	}
	return 0
}

func block(scheme asn1.ObjectIdentifier, key []byte) (cipher.Block, error) {
	if scheme.Equal(oid3DES) {
		return des.NewTripleDESCipher(key) //nolint:gosec // see above
	}
	return aes.NewCipher(key)
}

// unpad: the key's own structure tells whether it is right, so nothing is learned from a wrong padding.
func unpad(b []byte, size int) []byte {
	n := int(b[len(b)-1])
	if n < 1 || n > size || n > len(b) {
		return nil
	}
	return b[:len(b)-n]
}
