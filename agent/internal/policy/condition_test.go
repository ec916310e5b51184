package policy

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestJudge(t *testing.T) {
	file := &wire.File{
		Id: "f", Name: new("key.pem"), AccessLevel: new("public"), SizeBytes: new(int64(2000)),
		Owner:      &wire.Ref{Kind: wire.Kind_KIND_ACCOUNT, Email: new("Ann@Acme.example")},
		ModifiedAt: timestamppb.New(time.Now().Add(-48 * time.Hour)),
		Access:     &wire.AccessList{Items: []*wire.Access{{Principal: &wire.Ref{Email: new("x@y.example")}, Role: new("read")}}, Complete: true},
		Labels:     &wire.Strings{Items: []string{"secret"}, Complete: true},
		Attributes: []*wire.Attribute{{Name: "branch", Value: "main"}},
	}
	for source, want := range map[string]Verdict{
		`file.access_level == 'public'`:                                  Match,
		`file.access_level in ['link', 'public'] && file.size_bytes > 1`: Match,
		`file.name.endsWith('.txt')`:                                     NoMatch,
		`file.trashed`:                                                   Undetermined,
		`!file.trashed`:                                                  Undetermined,
		`file.trashed && file.name == 'other'`:                           NoMatch,
		`file.trashed || file.name == 'key.pem'`:                         Match,
		`known(file.trashed)`:                                            NoMatch,
		`known(file.name) && !known(file.trashed)`:                       Match,
		`file.owner.email.domain() == 'acme.example'`:                    Match,
		`file.owner.name == 'x'`:                                         Undetermined,
		`file.modified_by.email == 'x'`:                                  Undetermined,
		`file.owner.kind == 'account'`:                                   Match,
		`file.access.exists(a, a.principal.email == 'x@y.example')`:      Match,
		`file.access.exists(a, a.expires_at < now())`:                    Undetermined,
		`file.inspection.findings.exists(f, f.detector == 'x')`:          Undetermined,
		`'secret' in file.labels`:                                        Match,
		`file.attributes['branch'] == 'main'`:                            Match,
		`file.attributes['nothing'] == 'main'`:                           Undetermined,
		`file.modified_at < ago('1d')`:                                   Match,
		`file.modified_at < ago('90d')`:                                  NoMatch,
		`now() - file.modified_at > duration('1d')`:                      Match,
		`file.name.glob('*.pem')`:                                        Match,
		`file.id == 'f'`:                                                 Match,
	} {
		t.Run(source, func(t *testing.T) {
			c, err := Compile(wire.Kind_KIND_FILE, source)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Judge(file, Context{})
			if err != nil || got != want {
				t.Fatalf("got %v, %v, want %v", got, err, want)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	for source, want := range map[string]string{
		``:                                      "column 1: the condition is empty",
		`file.acess_level == 'public'`:          `column 6: a file has no field "acess_level"; did you mean "access_level"?`,
		`file.access_level == 'Public'`:         `column 22: file.access_level is never "Public"; it is one of private, internal, external, link, public`,
		`file.access_level in ['link', 'open']`: `column 31: file.access_level is never "open"`,
		`has(file.name)`:                        "write known(file.field)",
		`name == 'x'`:                           "the record is named file",
		`file.name`:                             "true or false, this one is text",
		`file.size_bytes == 'x'`:                "column 17: == cannot stand between a whole number and text; write it without quotes",
		`file.modified_at < ago('90x')`:         `column 24: "90x" is not a duration`,
		`file.name.matches('[')`:                `column 19: "[" is not a regular expression`,
		`file.name.in_cidr('10.0.0.0/40')`:      `column 19: "10.0.0.0/40" is not a CIDR prefix`,
		`file.modified_at < timestamp('x')`:     `is not a time such as`,
		`file.name.glob('[')`:                   `is not a pattern`,
		`file.name ==`:                          "column 13: ",
	} {
		t.Run(source, func(t *testing.T) {
			_, err := Compile(wire.Kind_KIND_FILE, source)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v, want %q", err, want)
			}
		})
	}
}
