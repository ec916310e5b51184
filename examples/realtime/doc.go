// Package realtime proves, with the built programs and the fakes of all providers, that a change made at a provider is soon
// in the store, by push and by pull, and that lost hints and expired subscriptions lose nothing. It has tests only.
package realtime
