package esa

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines that the tests, and so the package, left behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
