package httpapi

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/mooring-hq/mooring/sdk"
)

// Get is sdk.Session.GetJSON that gives the answer, too, for its headers. The body is read.
func Get(ctx context.Context, s *sdk.Session, ref string, out any) (*http.Response, error) {
	u, err := s.Resolve(ref)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return nil, sdk.Errorf(sdk.ErrInvalid, "not a request: %q", ref)
	}
	req.Header.Set("Accept", "application/json")
	res, err := s.HTTP.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*sdk.Error](err); ok {
			return nil, e
		}
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return res, s.ResponseError(res)
	}
	return res, sdk.DecodeJSON(res, out)
}

// Next says what to ask for after a page: the reference of the next one, "" after the last. ref is the page's own.
type Next[T any] func(ref string, res *http.Response, page T) string

// Pages walks a listing from where w resumes, or from first: it gives page after page, and ends each in w when the loop
// comes back for the next. A loop that breaks off leaves its page unfinished. After an error there is nothing more.
func Pages[T any](ctx context.Context, s *sdk.Session, w *sdk.Walk, first string, next Next[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		pages := 0
		for ref := w.Resume(first); ref != ""; pages++ {
			var page T
			if pages >= MaxPages {
				yield(page, sdk.Errorf(sdk.ErrInternal, "listing %s has more than %d pages", w.Listing, MaxPages))
				return
			}
			res, err := Get(ctx, s, ref, &page) //nolint:bodyclose // Get reads and closes it
			if err != nil {
				yield(page, err)
				return
			}
			if !yield(page, nil) {
				return
			}
			ref = next(ref, res, page)
			if _, err := url.Parse(ref); err != nil { // the page is not ended, so the walk goes on here another time
				var none T
				yield(none, &sdk.Error{
					Type: sdk.ErrInternal, Sent: true, URL: sdk.PlainURL(res.Request.URL),
					Message: "the provider's reference to the next page is not a URL",
				})
				return
			}
			ref = w.EndPage(ref)
		}
	}
}

// ByLink goes on at the header Link with rel="next".
func ByLink[T any](_ string, res *http.Response, _ T) string { return NextLink(res) }

// ByCursor goes on at a URL, or a path, that the page itself gives.
func ByCursor[T any](cursor func(page T) string) Next[T] {
	return func(_ string, _ *http.Response, page T) string { return cursor(page) }
}

// ByToken puts a token that the page gives into a query parameter.
func ByToken[T any](parameter string, token func(page T) string) Next[T] {
	return func(ref string, _ *http.Response, page T) string {
		if t := token(page); t != "" {
			return withParameter(ref, parameter, t)
		}
		return ""
	}
}

// ByNumber counts a query parameter up by step, from start where the first reference does not have it, as long as the
// page says that there is more. Step is 1 for the number of a page, and the page's size for an offset.
func ByNumber[T any](parameter string, start, step int, more func(page T) bool) Next[T] {
	return func(ref string, _ *http.Response, page T) string {
		if !more(page) {
			return ""
		}
		return withParameter(ref, parameter, strconv.Itoa(numberIn(ref, parameter, start)+step))
	}
}

func numberIn(ref, parameter string, start int) int {
	u, err := url.Parse(ref)
	if err != nil {
		return start
	}
	if n, err := strconv.Atoi(u.Query().Get(parameter)); err == nil {
		return n
	}
	return start
}

// withParameter sets one parameter of a reference's query.
func withParameter(ref, name, value string) string {
	u, err := url.Parse(ref)
	if err != nil {
		return ref // which asking for it reports
	}
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}
