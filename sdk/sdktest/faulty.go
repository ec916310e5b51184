package sdktest

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// underFaults proves that no fault makes a walk look complete that is not.
func (k *kit) underFaults(t tester, l *listed) {
	h := mostOf(l.walks)
	if h == nil || h.requests == 0 {
		return
	}
	for _, f := range faults() {
		if k.o.SkipFaults[l.spec.GetName()+"/"+f.name] != "" {
			continue
		}
		t.run(f.name, func(t tester) {
			for _, from := range slices.Compact([]int{1, min(2, h.requests), h.requests}) {
				for _, once := range []bool{false, true} {
					k.underFault(t, h, f, from, once)
				}
			}
			if h.cert.GetBookmark() != nil && f.barren {
				k.deltaUnderFault(t, h, f)
			}
		})
	}
}

func (k *kit) underFault(t tester, h *healthy, f *fault, from int, once bool) {
	t.Helper()
	k.provider.expect(f, from, once, h.requests+maxRequests)
	w := k.scan(t.Context(), h.request, nil)
	arrived, fired := k.provider.counts()
	when := place(from, once)
	for _, b := range w.bad {
		t.Errorf("%s: %s", when, b)
	}
	k.private(t, when, w)
	if arrived > h.requests+maxRequests {
		t.Errorf("%s: the walk does not end: %d requests, %d when healthy", when, arrived, h.requests)
	}
	if w.err == nil && w.cert == nil {
		t.Errorf("%s: Scan gives nil without Complete; an error is expected", when)
		return
	}
	if w.err != nil {
		if fired > 0 {
			k.fits(t, when, f, w.err)
		}
		return
	}
	if len(w.cert.GetSkipped())+len(w.cert.GetWarnings()) > 0 {
		honest(t, when, h, w)
		return
	}
	if f.barren && from == 1 && !once && fired > 0 {
		t.Errorf("%s: certified, although no answer was a true one", when)
		return
	}
	if n := missing(h, w); n > 0 {
		t.Errorf("%s: certified, but %d of %d records are missing, without a word in Skipped or Warnings", when, n, len(h.first()))
		return
	}
	honest(t, when, h, w)
}

func place(from int, once bool) string {
	which := map[bool]string{false: "every request from number ", true: "only request number "}[once]
	return which + strconv.Itoa(from)
}

// deltaUnderFault: "nothing changed" needs answers that say so.
func (k *kit) deltaUnderFault(t tester, h *healthy, f *fault) {
	t.Helper()
	k.provider.expect(f, 1, false, h.requests+maxRequests)
	w := k.scan(t.Context(), deltaOf(h, h.cert.GetBookmark()), nil)
	if _, fired := k.provider.counts(); fired == 0 {
		return
	}
	if w.cert != nil && len(w.cert.GetSkipped())+len(w.cert.GetWarnings()) == 0 {
		t.Errorf("a walk from a bookmark is certified, although no answer was a true one")
	}
	k.private(t, "a walk from a bookmark", w)
}

// fits: the error is typed, and in a way that makes the agent do the right thing.
func (k *kit) fits(t tester, when string, f *fault, err error) {
	t.Helper()
	e, ok := errors.AsType[*sdk.Error](err)
	switch {
	case !ok:
		t.Errorf("%s: error %q is not an *sdk.Error", when, err)
	case f.want != nil && !slices.Contains(f.want, e.Type):
		t.Errorf("%s: error %q is of type %s, one of %q is expected", when, e, e.Type, f.want)
	case !e.Sent && e.Type != sdk.ErrBlocked && !k.obtains():
		t.Errorf("%s: error %q says that the request was surely not sent, but it was", when, e)
	case f.name == "429" && e.RetryAfter < (retryAfter-1)*time.Second:
		t.Errorf("%s: error %q says to come back after %s, the provider said %d s", when, e, e.RetryAfter, retryAfter)
	}
}

// obtains: credentials are exchanged for tokens; when that fails, the request itself was surely not sent.
func (k *kit) obtains() bool {
	return slices.ContainsFunc(k.spec.Auth, func(m sdk.Method) bool { return m.Token != nil })
}

// missing counts the records that the healthy walk has and this one has not.
func missing(h *healthy, w *walk) int {
	got, n := w.first(), 0
	for id := range h.first() {
		if got[id] == nil {
			n++
		}
	}
	return n
}

// honest: what a walk says under a fault is what the healthy one says, or less. Unknown is not false.
func honest(t tester, when string, h *healthy, w *walk) {
	t.Helper()
	truth := h.first()
	for id, e := range w.first() {
		is := truth[id]
		if is == nil {
			t.Errorf("%s: %s is not there when the provider is healthy", when, id)
			return
		}
		a, errA := decode(is)
		b, errB := decode(e)
		if errA != nil || errB != nil {
			continue
		}
		if field := contradiction(a, b); field != "" {
			t.Errorf("%s: %s says something else of %s than when the provider is healthy; what cannot be read must stay unknown", when, id, field)
			return
		}
	}
}

// contradiction names a field that says more than, or something else than, the truth.
func contradiction(truth, said wire.RecordMessage) string {
	a, bad := truth.ProtoReflect(), ""
	said.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if !f.IsList() && !partial(v) && (!a.Has(f) || !a.Get(f).Equal(v)) { // of a list, a part is no lie
			bad = string(f.Name())
		}
		return bad == ""
	})
	return bad
}

// partial: a list that says itself that it is not whole.
func partial(v protoreflect.Value) bool {
	m, ok := v.Interface().(protoreflect.Message)
	if !ok {
		return false
	}
	switch m := m.Interface().(type) {
	case *sdk.Strings:
		return !m.GetComplete()
	case *sdk.AccessList:
		return !m.GetComplete()
	}
	return false
}
