package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
)

// mailbox is where webhooks go.
type mailbox struct {
	mu    sync.Mutex
	hooks []*sdk.Hook
}

func (m *mailbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks = append(m.hooks, &sdk.Hook{Method: r.Method, Header: r.Header.Clone(), Body: body, ReceivedAt: time.Unix(1_800_000_000, 0)})
}

func (m *mailbox) empty() []*sdk.Hook {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.hooks
	m.hooks = nil
	return list
}

// Each action shows in the audit log, as the right type of activity, and sends webhooks that point at what it changed.
func TestActionsLeaveTraces(t *testing.T) {
	box := &mailbox{}
	receiver := httptest.NewServer(box)
	t.Cleanup(receiver.Close)
	o := quiet()
	withContent(o)
	o.Hooks = githubtest.ListOf(githubtest.Hook{ID: 61, URL: receiver.URL, Secret: hookSecret, Events: []string{"*"}, CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld})
	w := start(t, o, acting)
	var spec *githubtest.Spec
	if dir := os.Getenv("MOORING_SPECS"); dir != "" {
		var err error
		if spec, err = githubtest.OpenSpec(dir); err != nil {
			t.Fatal(err)
		}
	}
	s := w.appSession(t)
	for _, c := range []struct {
		action, target string
		args           map[string]string
		types          []string // of activities, those of the undo behind
		hints          []string // listings, of both
	}{
		{"remove_member", "1005", nil, []string{"account_delete", "account_create"}, []string{"members", "team_members", "invitations", "settings"}},
		{"change_role", "1006", map[string]string{"role": "admin"}, []string{"role_grant", "role_revoke"}, nil},
		{"restore_member", "1901", nil, []string{"account_create", "account_delete"}, []string{"members", "invitations", "settings"}},
		{"remove_from_team", "team/50/1000", nil, []string{"member_remove", "member_add"}, []string{"team_members"}},
		{"make_private", "300", nil, []string{"file_unshare", "file_share"}, []string{"repositories", "repository_access"}},
		{"archive", "303", nil, []string{"file_update", "file_update"}, []string{"repositories", "repository_access"}},
		{"remove_deploy_key", "deploy_key/300/9", nil, []string{"grant_revoke", "grant_create"}, []string{"deploy_keys"}},
		{"block", "1951", nil, []string{"account_suspend", "account_update"}, []string{"blocked_users", "members", "outside_collaborators"}},
		{"overwrite", sdk.ID("300", "README.md"), map[string]string{"content": "x"}, nil, []string{"files", "repositories"}},
		{"quarantine", sdk.ID("300", "link"), map[string]string{"repository": "repo-5"}, nil, []string{"files", "repositories"}},
		{"remove_outside_collaborator", "1900", nil, []string{"account_delete"}, []string{"repository_access", "outside_collaborators"}},
	} {
		t.Run(c.action, func(t *testing.T) {
			begin := time.Now().Add(-time.Second)
			w.server.Wait()
			box.empty()
			known := must(t, walk(t, s, window("audit_log", begin, time.Now().Add(time.Minute)))).ids(sdk.KindActivity)
			i := &sdk.Intent{Action: c.action}
			for n := range table {
				if table[n].Name == c.action {
					i.Target = sdk.To(table[n].On, c.target)
				}
			}
			for name, v := range c.args {
				i.Args = append(i.Args, valueOf(name, v))
			}
			p, out := w.act(t, s, i)
			undo := &sdk.Intent{Action: i.GetAction(), Target: i.GetTarget(), Args: i.GetArgs(), Undo: undoOf(p, out)}
			_, back := w.act(t, s, undo)
			if out.GetState() != sdk.Done || back.GetState() != sdk.Done {
				t.Fatalf("%v, undo %v", out, back)
			}
			r := must(t, walk(t, s, window("audit_log", begin, time.Now().Add(time.Minute))))
			var types []string
			for _, key := range r.order {
				a, ok := r.records[key].(*sdk.Activity)
				if _, id, _ := cutKey(key); ok && !slices.Contains(known, id) && a.GetType() != "other" {
					types = append(types, a.GetType())
					if a.GetActor().GetName() != "mooring[bot]" {
						t.Errorf("%s was done by %v", a.GetAction(), a.GetActor())
					}
				}
			}
			if !slices.Equal(types, c.types) {
				t.Errorf("activities %q, want %q", types, c.types)
			}
			w.server.Wait()
			w.judgeHooks(t, spec, box.empty(), c.hints)
		})
	}
}

// judgeHooks holds what was sent against the vendor's document, and what the connector makes of it against want.
func (w *world) judgeHooks(t *testing.T, spec *githubtest.Spec, hooks []*sdk.Hook, want []string) {
	t.Helper()
	var got []string
	for _, h := range hooks {
		reply, err := connector{}.Webhook(t.Context(), hookSession(orgName), h)
		if err != nil || !reply.Verified {
			t.Fatalf("%s: %v, %v", h.Body, reply, err)
		}
		for _, hint := range reply.Hints {
			got = append(got, hint.Listing)
		}
		var payload map[string]any
		if err := json.Unmarshal(h.Body, &payload); err != nil {
			t.Fatal(err)
		}
		name := h.Header.Get("X-Github-Event")
		if action, _ := payload["action"].(string); action != "" {
			name += "-" + action
		}
		if spec == nil || slices.Contains(unlistedHooks, name) {
			continue
		}
		if err := spec.ValidateWebhook(strings.ReplaceAll(name, "_", "-"), payload); err != nil {
			t.Errorf("%.1500v", err)
		}
	}
	slices.Sort(got)
	got = slices.Compact(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("webhooks point at %q, want %q", got, want)
	}
}

// unlistedHooks are sent by the vendor, but not in the subset of its document.
var unlistedHooks = []string{"org_block-unblocked", "repository-unarchived"}
