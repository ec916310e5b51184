// Package boxtest is a fake of Box: api, token, account, upload, download and long-poll hosts in one http.Handler, by path.
//
// It promises to be no kinder than the vendor: tokens expire and refresh tokens work once, every scope is asked for, only
// what a user may see is shown to that user, pages are cut at the vendor's sizes, positions in logs exceed 2^53 and come as
// string or number, streams repeat and shuffle, late events come late, and 404 also means no access. Everything is computed
// from an Enterprise when it is asked for. It does not change anything on request but tokens and webhooks.
package boxtest
