package certcheck

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"sync"
)

// One plan asks about the same texts several times over, and a thousand hostnames share a few intermediates. So answers
// are kept for a while; of a private key nothing but its public half, and texts only as hashes.
var (
	certificates memo[[sha256.Size]byte, certificateAnswer]
	keys         memo[[sha256.Size]byte, keyAnswer]
	signatures   memo[[2][sha256.Size]byte, bool]
)

// certificateAnswer is what there is to say about the text of a certificate, whatever the time and the hostname.
type certificateAnswer struct {
	chain   []*x509.Certificate
	problem *Problem // why the text cannot be read
	links   links    // how the chain hangs together
}

func lookAtCertificate(text string) certificateAnswer {
	return certificates.get(sha256.Sum256([]byte(text)), func() certificateAnswer {
		chain, problem := parseCertificate(text)
		if problem != nil {
			return certificateAnswer{problem: problem}
		}
		return certificateAnswer{chain: chain, links: link(chain)}
	})
}

// keyAnswer is what there is to say about the text of a private key.
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

// memoSize bounds a memo: it is ample for what Terraform does at one time, and with long chains still a few megabytes.
const memoSize = 256

// memo keeps answers that never change. It is safe for concurrent use; its zero value is empty.
type memo[K comparable, V any] struct {
	mutex   sync.Mutex
	answers map[K]V
}

// get returns the answer to a question, and works it out if it is not there. Two that ask at once may both work.
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
	// Starting anew is as good as choosing what to drop: what is in use comes back at once.
	if m.answers == nil || len(m.answers) >= memoSize {
		m.answers = make(map[K]V)
	}
	m.answers[question] = answer
	return answer
}
