// Package e2e tests the built programs from outside, beside servers that nobody here wrote.
//
// It promises nothing to anybody: it has tests only. They are slow and need what .ci/e2e installs, so they run when
// MOORING_E2E=1 is set and are skipped otherwise.
package e2e
