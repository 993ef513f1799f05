package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// keyPair signs the tokens by which a session moves from one TiDB to another
// (security.session-token-signing-cert and -key). All servers of a cluster have
// the same: a server that joins asks for it at /rig/signing.
type keyPair struct {
	Cert []byte `json:"cert"`
	Key  []byte `json:"key"`
}

// newKeyPair makes a self-signed one. It takes a tenth of a second, so it is
// made when the first server needs it.
func newKeyPair() (keyPair, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return keyPair{}, err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "rig"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return keyPair{}, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
	}, nil
}

// fetchKeyPair asks the rig that has this PD.
func fetchKeyPair(pd string) (pair keyPair, err error) {
	response, err := http.Get("http://" + pd + "/rig/signing")
	if err != nil {
		return pair, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return pair, fmt.Errorf("/rig/signing: %s", response.Status)
	}
	return pair, json.NewDecoder(response.Body).Decode(&pair)
}

// write puts both into files.
func (p keyPair) write(dir string) (cert, key string, err error) {
	cert, key = filepath.Join(dir, "signing.pem"), filepath.Join(dir, "signing-key.pem")
	if err = os.WriteFile(cert, p.Cert, 0o600); err != nil {
		return "", "", err
	}
	return cert, key, os.WriteFile(key, p.Key, 0o600)
}
