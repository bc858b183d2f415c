package release_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
)

// github is a server with the part of GitHub's API that a release uses, and its downloads.
type github struct {
	*httptest.Server
	mutex   sync.Mutex
	created bool
	release struct {
		Tag   string `json:"tag_name"`
		Body  string `json:"body"`
		Draft bool   `json:"draft"`
		ID    int    `json:"id"`
	}
	assets map[string][]byte
}

const repository = "/repos/esa-provider/terraform-provider-esa/releases"

// startGitHub starts a server without releases. Any other request fails the test.
func startGitHub(t *testing.T) *github {
	t.Helper()
	g := &github{assets: map[string][]byte{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		g.mutex.Lock()
		defer g.mutex.Unlock()
		status, answer := g.answer(t, r, body)
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *github) answer(t *testing.T, r *http.Request, body []byte) (int, []byte) {
	switch call := r.Method + " " + r.URL.Path; {
	case call == "GET /api/v3/rate_limit":
		return http.StatusOK, []byte(`{"resources": {"core": {"limit": 5000, "remaining": 5000}}}`)
	case strings.HasPrefix(call, "GET /api/v3"+repository+"/tags/"):
		return http.StatusNotFound, []byte(`{"message": "Not Found"}`)
	case call == "POST /api/v3"+repository && !g.created:
		g.created, g.release.ID = true, 1
		return http.StatusCreated, g.change(t, body)
	case call == "PATCH /api/v3"+repository+"/1":
		return http.StatusOK, g.change(t, body)
	case call == "POST /api/uploads"+repository+"/1/assets" && g.assets[r.URL.Query().Get("name")] == nil:
		g.assets[r.URL.Query().Get("name")] = body
		return http.StatusCreated, []byte(`{"id": 2}`)
	case strings.HasPrefix(call, "GET /download/"+g.release.Tag+"/") && g.assets[path.Base(call)] != nil:
		return http.StatusOK, g.assets[path.Base(call)]
	default:
		t.Errorf("got the request %s, want only those of a release", call)
		return http.StatusNotFound, []byte(`{"message": "Not Found"}`)
	}
}

// change stores what a call sets in the release, and returns the release.
func (g *github) change(t *testing.T, body []byte) []byte {
	if err := json.Unmarshal(body, &g.release); err != nil {
		t.Errorf("invalid release %s: %v", body, err)
	}
	answer, err := json.Marshal(g.release)
	if err != nil {
		t.Error(err)
	}
	return answer
}

// testPublished checks what was published. notes is the section of the version in the changelog.
func testPublished(t *testing.T, made release, notes string) {
	g := made.github
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.release.Tag != "v"+made.Version || g.release.Draft {
		t.Errorf("got tag %q, draft %v; want the version's tag and no draft", g.release.Tag, g.release.Draft)
	}
	if strings.TrimSpace(notes) == "" || strings.TrimSpace(g.release.Body) != strings.TrimSpace(notes) {
		t.Errorf("got the notes\n%q\nwant those of the changelog\n%q", g.release.Body, notes)
	}
	sums := g.assets["terraform-provider-esa_"+made.Version+"_SHA256SUMS"]
	want := 1 // the signature of the checksums
	for line := range bytes.Lines(sums) {
		want++
		sum, name, _ := strings.Cut(strings.TrimSpace(string(line)), "  ")
		if got := fmt.Sprintf("%x", sha256.Sum256(g.assets[name])); got != sum {
			t.Errorf("%s: got the checksum %s, want %s", name, got, sum)
		}
	}
	if want++; len(g.assets) != want || len(g.assets["terraform-provider-esa_"+made.Version+"_SHA256SUMS.sig"]) == 0 {
		t.Errorf("got %d files, want %d: those in SHA256SUMS, SHA256SUMS itself, and its signature", len(g.assets), want)
	}
}
