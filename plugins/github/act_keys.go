package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// publicKey is a deploy key as far as it can be made again; the zero value: it is not there.
type publicKey struct {
	Key      string `json:"key,omitempty"`
	Title    string `json:"title,omitempty"`
	ReadOnly bool   `json:"read_only,omitempty"`
}

const lostKey = "the key comes back with another id and date, and without when it was last used"

func deployKeyID(repo, key string) string { return sdk.ID("deploy_key", repo, key) }

func removeDeployKey() sdk.Actor {
	return sure(&sdk.Change[publicKey]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (publicKey, error) {
			_, k, err := keyOf(ctx, s, i)
			if err != nil || k == nil {
				return publicKey{}, err
			}
			return k.public(), nil
		},
		Want: func(*sdk.Intent, publicKey) (publicKey, error) { return publicKey{}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to publicKey) (*sdk.Outcome, error) {
			r, k, err := keyOf(ctx, s, i)
			if err != nil || (k == nil) == (to.Key == "") { // also when a lost request did it
				return nil, err
			}
			if to.Key == "" {
				return nil, change(ctx, s, http.MethodDelete, r.path(path("/keys/%s", num(k.ID))), nil, nil)
			}
			return nil, change(ctx, s, http.MethodPost, r.path("/keys"), map[string]any{"title": to.Title, "key": to.Key, "read_only": to.ReadOnly}, nil)
		},
		Effects: func(i *sdk.Intent, from, to publicKey) []string {
			if to.Key == "" {
				return []string{"the key " + from.Title + " does not open the repository any more: what uses it fails"}
			}
			return []string{"the key " + to.Title + " opens the repository again, " + map[bool]string{true: "to read", false: "to read and write"}[to.ReadOnly]}
		},
		Loses: func(_ *sdk.Intent, from, _ publicKey) []string {
			if from.Key == "" {
				return nil
			}
			return []string{lostKey}
		},
	})
}

// keyOf finds the key of the target, nil when it is not there. One that an undo made again has another id: it is the
// same public key.
func keyOf(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*repository, *deployKey, error) {
	parts := sdk.SplitID(i.GetTarget().GetId())
	if len(parts) != 3 || parts[0] != "deploy_key" {
		return nil, nil, sdk.Errorf(sdk.ErrInvalid, "%q is not a deploy key", i.GetTarget().GetId())
	}
	r, err := repositoryOf(ctx, s, parts[1])
	if err != nil {
		return nil, nil, err
	}
	was := undone[publicKey](i).Key
	found, err := seek(ctx, s, paged(r.path("/keys"), maxPerPage), func(k *deployKey) bool {
		return num(k.ID) == parts[2] || was != "" && sameKey(k.Key, was)
	})
	return r, found, err
}

func (k *deployKey) public() publicKey {
	return publicKey{Key: k.Key, Title: k.Title, ReadOnly: k.ReadOnly}
}

// sameKey compares type and key; a comment may stand behind them.
func sameKey(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	return len(x) >= 2 && len(y) >= 2 && x[0] == y[0] && x[1] == y[1]
}

// seek reads a list up to the first entry that fits; nil when none does.
func seek[T any](ctx context.Context, s *sdk.Session, ref string, fits func(*T) bool) (*T, error) {
	for n := 0; ref != "" && n < maxPages; n++ {
		page, a, err := getList[T](ctx, s, ref, "")
		if err != nil {
			return nil, err
		}
		for i := range page {
			if fits(&page[i]) {
				return &page[i], nil
			}
		}
		ref = a.next
	}
	return nil, nil //nolint:nilnil // it is not there
}
