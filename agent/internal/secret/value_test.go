package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/secret"
)

const canary = "canary-7Qx-hunter2"

type exported struct{ Token secret.Value }
type unexported struct{ token secret.Value }
type pointing struct{ token *secret.Value }
type nested struct {
	inner map[string][]unexported
	any   any
}

// holders are the places a value may stand in when somebody prints it.
func holders() map[string]any {
	v := secret.New(canary)
	return map[string]any{
		"value":       v,
		"pointer":     &v,
		"exported":    exported{v},
		"unexported":  unexported{v},
		"to struct":   &unexported{v},
		"pointing":    pointing{&v},
		"slice":       []secret.Value{v},
		"array":       [1]unexported{{v}},
		"map":         map[string]secret.Value{"k": v},
		"map of any":  map[string]any{"k": unexported{v}},
		"interface":   any(v),
		"nested":      nested{map[string][]unexported{"k": {{v}}}, &exported{v}},
		"method":      v.String,
		"error":       fmt.Errorf("sending %v: %w", v, errors.New("refused")),
		"error value": errors.Join(fmt.Errorf("%+v", exported{v})),
	}
}

func TestNothingPrintsAValue(t *testing.T) {
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%p", "%-40v", "%040s", "%U", "%c", "%e", "%b", "%o"}
	printed := 0
	for name, holder := range holders() {
		outputs := map[string]string{"Sprint": fmt.Sprint(holder), "Sprintln": fmt.Sprintln(holder)}
		for _, verb := range verbs {
			outputs[verb] = fmt.Sprintf(verb, holder)
		}
		for encoder, encode := range encoders() {
			outputs[encoder] = encode(holder)
		}
		for how, out := range outputs {
			printed++
			if leaks(out) {
				t.Errorf("%s printed with %s shows the secret: %s", name, how, out)
			}
		}
	}
	if printed < 67 {
		t.Errorf("only %d ways of printing were tried", printed)
	}
}

func encoders() map[string]func(any) string {
	log := func(handler func(*bytes.Buffer) slog.Handler) func(any) string {
		return func(v any) string {
			var b bytes.Buffer
			l := slog.New(handler(&b))
			l.Info("message", "key", v, slog.Group("group", "inner", v))
			l.With("with", v).Info(fmt.Sprint(v))
			return b.String()
		}
	}
	return map[string]func(any) string{
		"json": func(v any) string { b, err := json.Marshal(v); return fmt.Sprint(string(b), err) },
		"xml":  func(v any) string { b, err := xml.Marshal(v); return fmt.Sprint(string(b), err) },
		"gob": func(v any) string {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return fmt.Sprint(b.String(), err)
		},
		"slog text":  log(func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) }),
		"slog json":  log(func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) }),
		"hclog":      hclogWith(false),
		"hclog json": hclogWith(true),
		"panic": func(v any) (out string) {
			defer func() { out = fmt.Sprint(recover()) }()
			panic(v)
		},
	}
}

func hclogWith(json bool) func(any) string {
	return func(v any) string {
		var b bytes.Buffer
		l := hclog.New(&hclog.LoggerOptions{Output: &b, JSONFormat: json, Level: hclog.Trace})
		l.Info("message", "key", v)
		l.With("with", v).Error(fmt.Sprint(v), "format", hclog.Fmt("%#v", v))
		return b.String()
	}
}

func leaks(out string) bool {
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), "hunter2"} {
		if strings.Contains(out, form) {
			return true
		}
	}
	return false
}

// The test itself must be able to fail: a string in a struct does leak.
func TestThePrintMatrixSeesALeak(t *testing.T) {
	type naive struct{ token string }
	if !leaks(fmt.Sprintf("%+v", naive{canary})) || !leaks(fmt.Sprintf("%x", canary)) {
		t.Fatal("a plain string in a struct was not noticed")
	}
}

func TestValue(t *testing.T) {
	v := secret.New(canary)
	if v.Reveal() != canary {
		t.Errorf("Reveal gives %q", v.Reveal())
	}
	if v.IsZero() || !(secret.Value{}).IsZero() || !secret.New("").IsZero() {
		t.Error("IsZero is wrong")
	}
	if !v.Equal(secret.New(canary)) || v.Equal(secret.New("other")) || v.Equal(secret.Value{}) {
		t.Error("Equal is wrong")
	}
	if got := fmt.Sprint(v, &v); got != secret.Redacted+" "+secret.Redacted {
		t.Errorf("printed as %q", got)
	}
}
