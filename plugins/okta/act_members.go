package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// pairOf reads the id of a membership: "group" or "app", the group or app, and the account.
func pairOf(i *sdk.Intent, of string) (container, account string, err error) {
	p := sdk.SplitID(i.GetTarget().GetId())
	switch {
	case of == "group" && len(p) == 3 && p[0] == of:
		return p[1], p[2], areIDs(p[1:]...)
	case of == "app" && len(p) == 4 && p[0] == of && p[2] == "user":
		return p[1], p[3], areIDs(p[1], p[3])
	}
	return "", "", sdk.Errorf(sdk.ErrUnsupported, "%q is not the membership of an account, of sort %q", i.GetTarget().GetId(), of)
}

// inside is whether the account is in the group.
type inside struct {
	Member bool `json:"member"`

	group group
}

// leaveGroup takes an account out of a group of Okta's own. Who is in by a rule is refused: Okta would put the account on
// the rule's list of exceptions, from where undo cannot take it.
type leaveGroup struct{ sdk.Change[inside] }

func removeFromGroup() *leaveGroup {
	return &leaveGroup{sdk.Change[inside]{
		Read: readInside,
		Want: func(*sdk.Intent, inside) (inside, error) { return inside{}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to inside) (*sdk.Outcome, error) {
			group, account, err := pairOf(i, "group")
			if err != nil {
				return nil, err
			}
			ref := path("/api/v1/groups/%s/users/%s", group, account)
			if !to.Member {
				return nil, remove(ctx, s, ref)
			}
			_, err = call(ctx, s, http.MethodPut, ref, nil, nil)
			return nil, err
		},
		Effects: func(i *sdk.Intent, _, to inside) []string {
			if to.Member {
				return []string{"the account is in the group again, with the apps and roles that come with it"}
			}
			return []string{"the account is no longer in the group, and loses the apps and roles that come with it alone"}
		},
	}}
}

func readInside(ctx context.Context, s *sdk.Session, i *sdk.Intent) (inside, error) {
	id, account, err := pairOf(i, "group")
	if err != nil {
		return inside{}, err
	}
	groups, err := groupsOf(ctx, s, account)
	if err != nil {
		return inside{}, err
	}
	for n := range groups {
		if groups[n].ID == id {
			return inside{Member: true, group: groups[n]}, nil
		}
	}
	return inside{}, nil
}

// groupsOf are the groups an account is in.
func groupsOf(ctx context.Context, s *sdk.Session, account string) ([]group, error) {
	var all []group
	ref := path("/api/v1/users/%s/groups", account)
	for n := 0; ref != "" && n < maxPages; n++ {
		list, a, err := getList[group](ctx, s, ref)
		if err != nil {
			return nil, err
		}
		all, ref = append(all, list...), a.next
	}
	return all, nil
}

// Prepare refuses what Okta would refuse, and who is in the group by a rule.
func (l *leaveGroup) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	if i.GetUndo() != nil {
		return l.Change.Prepare(ctx, s, i)
	}
	now, err := readInside(ctx, s, i)
	if err != nil {
		return nil, err
	}
	if now.Member {
		if err := removable(ctx, s, i, &now.group); err != nil {
			return nil, err
		}
	}
	return l.Change.Prepare(ctx, s, i)
}

// removable says why nobody can be taken out of a group by hand; nil: somebody can.
func removable(ctx context.Context, s *sdk.Session, i *sdk.Intent, g *group) error {
	switch g.Type {
	case "APP_GROUP":
		return sdk.Errorf(sdk.ErrInvalid, "the members of group %q come from an app or directory: take the account out there", g.Profile.Name)
	case "BUILT_IN":
		return sdk.Errorf(sdk.ErrInvalid, "everybody is in group %q by itself", g.Profile.Name)
	}
	_, account, err := pairOf(i, "group")
	if err != nil {
		return err
	}
	rule, err := ruleFor(ctx, s, account, g.ID)
	if err != nil || rule == nil {
		return err
	}
	return sdk.Errorf(sdk.ErrInvalid, "the rule %q fills group %q: who is in by a rule leaves when the rule does not fit any more (%s); "+
		"taken out by hand, the account would become an exception of the rule, which undo could not take back",
		rule.Name, g.Profile.Name, cut(string(rule.Conditions.Expression.Value), maxMessage))
}

// ruleFor gives an active rule that puts the account into the group, or may: of conditions, only one that compares an
// attribute of the profile can be judged here, so that of any other kind counts as fitting.
func ruleFor(ctx context.Context, s *sdk.Session, account, group string) (*groupRule, error) {
	var fills []groupRule
	ref := paged("/api/v1/groups/rules", maxRules)
	for n := 0; ref != "" && n < maxPages; n++ {
		list, a, err := getList[groupRule](ctx, s, ref)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if r.Status == "ACTIVE" && slices.Contains(r.Actions.Assign.Groups, group) && !slices.Contains(r.Conditions.People.Users.Exclude, account) {
				fills = append(fills, r)
			}
		}
		ref = a.next
	}
	if len(fills) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	var u struct {
		Profile map[string]json.RawMessage `json:"profile"`
	}
	if _, err := get(ctx, s, path("/api/v1/users/%s", account), &u); err != nil {
		return nil, err
	}
	for i := range fills {
		if fills[i].fits(u.Profile) {
			return &fills[i], nil
		}
	}
	return nil, nil //nolint:nilnil // there is none
}

var comparesOne = regexp.MustCompile(`^\s*user\.([A-Za-z0-9_]{1,100})\s*==\s*"([^"\\]{0,500})"\s*$`)

// fits: false only where the condition surely does not hold.
func (r *groupRule) fits(profile map[string]json.RawMessage) bool {
	m := comparesOne.FindStringSubmatch(string(r.Conditions.Expression.Value))
	if m == nil {
		return true
	}
	var v any
	if raw, ok := profile[m[1]]; ok && json.Unmarshal(raw, &v) != nil {
		return true
	}
	if v == nil {
		v = ""
	}
	return strings.EqualFold(fmt.Sprint(v), m[2])
}
