package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// TestTokens: one for each subject and scope, obtained once, also when many ask at the same time.
func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &tokens{}
		var mu sync.Mutex
		made := map[as]int{}
		get := func(who as, refused string) string {
			v, err := all.get(t.Context(), holder{as: who}, refused, time.Now, func(context.Context) (*sdk.Token, error) {
				time.Sleep(time.Second) // in which the others come
				mu.Lock()
				defer mu.Unlock()
				made[who]++
				return &sdk.Token{Value: fmt.Sprint(who.subject, who.scope, made[who]), Expires: time.Now().Add(time.Hour)}, nil
			})
			if err != nil {
				t.Error(err)
			}
			return v
		}
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() { get(as{subject: fmt.Sprint("p", i%3), scope: scopeUsers}, "") })
		}
		wg.Wait()
		if len(made) != 3 || made[as{"p0", scopeUsers}] != 1 {
			t.Errorf("obtained: %v", made)
		}
		one := as{"p0", scopeUsers}
		if v := get(one, "p0"+string(scopeUsers)+"1"); made[one] != 2 {
			t.Errorf("a refused token came again: %s", v)
		}
		time.Sleep(time.Hour - 30*time.Second)
		if get(one, ""); made[one] != 3 {
			t.Error("a token in its last minute is still used")
		}
		get(as{"p0", scopeMetadata}, "")
		if made[as{"p0", scopeMetadata}] != 1 {
			t.Error("one scope's token served another")
		}
	})
}

// TestTokensAreBounded: a tenant with more people than that costs no more memory.
func TestTokensAreBounded(t *testing.T) {
	all := &tokens{}
	for i := range 3 * maxTokens {
		_, err := all.get(t.Context(), holder{as: as{subject: fmt.Sprint(i)}}, "", time.Now, func(context.Context) (*sdk.Token, error) {
			return &sdk.Token{Value: "v", Expires: time.Now().Add(time.Hour)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := len(all.by); n > maxTokens {
		t.Errorf("%d tokens are kept, at most %d are expected", n, maxTokens)
	}
}

// TestRefusedToken: one that Google takes no more is replaced, once.
func TestRefusedToken(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	must(t, walk(t, c, s, full("domains")))
	w.server.Fault(fake.Fault{Match: "/admin/directory/v1/customer/my_customer/domains", Do: fake.FaultStatus, Status: 401, Times: 1})
	must(t, walk(t, c, s, full("domains")))
	w.server.Fault(fake.Fault{Match: "/admin/directory/v1/customer/my_customer/domains", Do: fake.FaultStatus, Status: 401})
	if n := w.counted(func() {
		if r := walk(t, c, s, full("domains")); sdk.TypeOf(r.err) != sdk.ErrAuth {
			t.Errorf("refused for good: %v", r.err)
		}
	}); n > 2 {
		t.Errorf("%d calls", n)
	}
}

// TestKeysStayHidden: whatever is wrong with the key file, no error shows a part of it.
func TestKeysStayHidden(t *testing.T) {
	good := keyFile()
	for _, text := range []string{"", "secret", `{"type":"service_account","client_email":"a@b","private_key":"secret-part"}`,
		strings.Replace(good, "PRIVATE KEY-----\\nM", "PRIVATE KEY-----\\nA", 1), good[:len(good)/2],
	} {
		_, _, err := parseKey(text)
		var e *sdk.Error
		if !errors.As(err, &e) || e.Type != sdk.ErrAuth || e.Field != keyField || strings.Contains(err.Error(), "secret-part") {
			t.Errorf("key file %.20q: %v", text, err)
		}
	}
}
