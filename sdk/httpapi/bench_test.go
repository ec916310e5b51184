package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	"github.com/mooring-hq/mooring/sdk/internal/call"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// generous grants all and forgets.
type generous struct{}

func (generous) Lease(_ context.Context, _ string, _ []*wire.Want, count int) (httpapi.Grant, error) {
	return httpapi.Grant{ID: 1, Count: count}, nil
}

func (generous) Observe(*wire.Observe) {}

// BenchmarkRoundTrip is what the Transport adds to a request: all but the network.
func BenchmarkRoundTrip(b *testing.B) {
	s := &sdk.Session{Settings: sdk.Settings{"base_url": "https://api.example"}, Secret: func(string) string { return "t" }}
	t, err := httpapi.New(httpapi.Config{Description: &sdk.Description{Auth: sdk.Bearer("token")}, Session: s, Lessor: generous{}})
	if err != nil {
		b.Fatal(err)
	}
	httpapi.SetBase(t, base(func(*http.Request) (*http.Response, error) {
		return plain(200, "{}", "X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "4000", "X-RateLimit-Reset", "1800000000"), nil
	}))
	req, err := http.NewRequestWithContext(call.WithID(b.Context(), "call"), http.MethodGet, "https://api.example/users", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		res, err := t.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	t.Release("call")
}
