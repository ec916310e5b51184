// Package call carries what belongs to one call of the host, and to one request, through a context. Only the packages
// of the SDK read it.
package call

import "context"

type (
	idKey      struct{}
	optionsKey struct{}
)

// Options of one request.
type Options struct {
	Safe     bool   // may be repeated although its method says otherwise
	NoAuth   bool   // goes without credentials
	QuotaKey string // key of buckets whose key source is "context"
	Audience string // of the token, in place of the host's
}

// WithID names the call of the host under which requests are made.
func WithID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, idKey{}, id)
}

// ID is the call's name, "" outside of one.
func ID(ctx context.Context) string {
	id, _ := ctx.Value(idKey{}).(string)
	return id
}

// With changes the options of the requests made with the context.
func With(ctx context.Context, change func(*Options)) context.Context {
	o := Of(ctx)
	change(&o)
	return context.WithValue(ctx, optionsKey{}, o)
}

// Of gives the options.
func Of(ctx context.Context) Options {
	o, _ := ctx.Value(optionsKey{}).(Options)
	return o
}
