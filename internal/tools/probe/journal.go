package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"terraform-provider-esa/internal/esa"
)

// marker is the prefix of the label below which all hostnames of a run are.
const marker = "esa-probe-"

// The states of an entry.
const (
	creating = "creating" // the call may have been sent; its result is unknown
	refused  = "refused"  // ESA refused it, but something may be left
	created  = "created"
	deleted  = "deleted"
	absent   = "absent" // no list shows such a hostname
)

// An entry is a hostname that a run has created, or may have created.
type entry struct {
	SiteID int64  `json:"site_id"`
	Name   string `json:"name"`
	ID     int64  `json:"id,omitempty"`
	State  string `json:"state"`
}

func (e *entry) open() bool { return e.State != deleted && e.State != absent }

func (e *entry) String() string {
	if e.ID != 0 {
		return fmt.Sprintf("%s (site %d, hostname id %d)", e.Name, e.SiteID, e.ID)
	}
	return fmt.Sprintf("%s (site %d)", e.Name, e.SiteID)
}

// A journal is a file that records every hostname before its creation, so that the next run can clean up whatever happens.
type journal struct {
	path string

	Endpoint string   `json:"endpoint"`
	Under    string   `json:"under"` // parent domain of all hostnames
	Entries  []*entry `json:"entries"`
}

// newJournal creates a journal. It returns an error if there is one with remaining hostnames.
func newJournal(path, endpoint, under string) (*journal, error) {
	if old, err := openJournal(path); err == nil && len(old.left()) > 0 {
		return nil, fmt.Errorf("%s has hostnames of an earlier run: remove them with -sweep %s, or choose another -out", path, path)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	j := &journal{path: path, Endpoint: endpoint, Under: under}
	return j, j.save()
}

func openJournal(path string) (*journal, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	j := &journal{path: path}
	if err := json.Unmarshal(text, j); err != nil {
		return nil, fmt.Errorf("%s is not a journal of the probe: %w", path, err)
	}
	if !strings.HasPrefix(j.Under, marker) {
		return nil, fmt.Errorf("%s is not a journal of the probe: its names are not below %s", path, marker)
	}
	for _, e := range j.Entries {
		if !strings.HasSuffix(e.Name, "."+j.Under) {
			return nil, fmt.Errorf("%s is not a journal of the probe: %s is not below %s", path, e.Name, j.Under)
		}
	}
	return j, nil
}

// save replaces the file atomically, and syncs it to disk.
func (j *journal) save() error {
	text, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(j.path), ".journal-")
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), j.path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("the journal %s cannot be written: %w", j.path, err)
	}
	return nil
}

// begin records a hostname before its creation.
func (j *journal) begin(siteID int64, name string) (*entry, error) {
	e := &entry{SiteID: siteID, Name: name, State: creating}
	j.Entries = append(j.Entries, e)
	return e, j.save()
}

// settle records the result of an entry.
func (j *journal) settle(e *entry, state string, id int64) error {
	e.State, e.ID = state, id
	return j.save()
}

// left returns the entries that are not done.
func (j *journal) left() []*entry {
	var left []*entry
	for _, e := range j.Entries {
		if e.open() {
			left = append(left, e)
		}
	}
	return left
}

// nameOnly returns the entries whose id is unknown.
func (j *journal) nameOnly() []*entry {
	return slices.DeleteFunc(j.left(), func(e *entry) bool { return e.ID != 0 })
}

func (j *journal) knows(id int64) bool {
	for _, e := range j.Entries {
		if e.ID == id {
			return true
		}
	}
	return false
}

// A sweeper removes the hostnames of a journal, and nothing else.
type sweeper struct {
	*caller
	journal *journal
	out     io.Writer
	// lookFor is how long to look for a hostname without an id, as lists may lag.
	lookFor time.Duration
	// goneWithin is how long reads may still show a deleted hostname.
	goneWithin time.Duration
	// took is called with the time until reads show a deletion.
	took func(watch)
}

// sweep removes everything, as far as possible. Its error lists what is left.
func (s *sweeper) sweep(ctx context.Context) error {
	var problems []error
	for _, e := range s.journal.left() {
		if e.ID != 0 {
			problems = append(problems, s.remove(ctx, e))
		}
	}
	problems = append(problems, s.lookUp(ctx))
	if left := s.journal.left(); len(left) > 0 {
		text := "these hostnames were not removed, or may exist:\n"
		for _, e := range left {
			text += "  " + e.String() + ": " + e.State + "\n"
		}
		problems = append(problems, fmt.Errorf("%sremove them with -sweep %s, or in the console", text, s.journal.path))
	}
	return errors.Join(problems...)
}

// remove deletes a hostname after it has checked that the hostname is the journal's.
func (s *sweeper) remove(ctx context.Context, e *entry) error {
	params := map[string]string{"HostnameId": strconv.FormatInt(e.ID, 10)}
	a, err := s.get(ctx, "GetCustomHostname", params)
	if err != nil {
		return err
	}
	if name := a.object.object("CustomHostnameModel").text("Hostname"); a.ok() && esa.CanonicalName(name) != esa.CanonicalName(e.Name) {
		return fmt.Errorf("hostname %d was not removed: its name is %s in ESA, but %s in the journal", e.ID, name, e.Name)
	}
	// Reads may not show a new hostname yet, so only the result of the deletion counts.
	a, err = s.get(ctx, "DeleteCustomHostname", params)
	if err != nil {
		return err
	}
	if !a.ok() && a.code() != "CustomHostname.NotFound" {
		return fmt.Errorf("%s was not removed: %s", e, a.refusal())
	}
	w, err := poll{
		look:  func(ctx context.Context) (answer, error) { return s.get(ctx, "GetCustomHostname", params) },
		done:  func(a answer) bool { return a.code() == "CustomHostname.NotFound" },
		limit: s.goneWithin, most: 5 * time.Second,
	}.wait(ctx, a)
	if err != nil {
		return err
	}
	if !w.seen {
		return fmt.Errorf("%s is deleted, but reads still show it after %v", e, s.goneWithin)
	}
	if s.took != nil && a.ok() {
		s.took(w)
	}
	_, _ = fmt.Fprintf(s.out, "Removed %s.\n", e)
	return s.journal.settle(e, deleted, e.ID)
}

// lookUp finds hostnames without an id, and removes them.
func (s *sweeper) lookUp(ctx context.Context) error {
	for began := time.Now(); ; {
		for _, e := range s.journal.nameOnly() {
			if err := s.find(ctx, e); err != nil {
				return err
			}
		}
		missing := s.journal.nameOnly()
		if len(missing) == 0 {
			return nil
		}
		if time.Since(began) < s.lookFor {
			if err := sleep(ctx, min(s.lookFor/4, 5*time.Second)); err != nil {
				return err
			}
			continue
		}
		for _, e := range missing {
			_, _ = fmt.Fprintf(s.out, "No list returned it within %v, so it was not created: %s.\n", s.lookFor, e)
			if err := s.journal.settle(e, absent, 0); err != nil {
				return err
			}
		}
		return nil
	}
}

// find looks for a hostname with an entry's name that is not in the journal, and removes it. It uses no filters, as their
// behavior is one of the questions.
func (s *sweeper) find(ctx context.Context, e *entry) error {
	for page := 1; ; page++ {
		a, err := s.get(ctx, "ListCustomHostnames", map[string]string{
			"SiteId": strconv.FormatInt(e.SiteID, 10), "PageNumber": strconv.Itoa(page), "PageSize": "500",
		})
		if err != nil {
			return err
		}
		if !a.ok() {
			return fmt.Errorf("the hostnames of site %d cannot be listed: %s", e.SiteID, a.refusal())
		}
		items := a.list("Hostnames")
		for _, item := range items {
			if esa.CanonicalName(item.text("Hostname")) != esa.CanonicalName(e.Name) || s.journal.knows(item.id("HostnameId")) {
				continue
			}
			if err := s.journal.settle(e, created, item.id("HostnameId")); err != nil {
				return err
			}
			return s.remove(ctx, e)
		}
		if len(items) == 0 || int64(page)*500 >= a.id("TotalCount") {
			return nil
		}
	}
}
