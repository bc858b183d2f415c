package fakeesa

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain checks that the tests, and so the package, leave no goroutines behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
