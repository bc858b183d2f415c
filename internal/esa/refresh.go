package esa

import (
	"context"
	"math"
	"sync"
	"time"
)

// A refresh reads every hostname of a state. How many hostnames the state and the site have is unknown. The policy:
//
//   - A site's first read is a Get, so a single hostname costs one call. The second reads the first page, which shows
//     how many pages there are.
//   - Hostnames that are on no page yet are read by Get, until that has cost about as many calls as there are pages left.
//     Then these pages are read, once, while all other reads of the site wait. So a refresh never costs much more than
//     twice the cheaper way, whenever the run ends.
//   - A listed hostname is used if nothing about its certificate differs from the known values. These also replace what
//     lists do not include. Any other hostname is read by Get.
//   - A hostname that is on no page is read by Get: pages shift while they are read, and only Get shows that it is gone.
//   - RefreshSeen, which knows only the id, returns what was just read of the hostname, or what the pages of the site
//     show where it was last seen.
//   - A write of ours invalidates what the pages show of that hostname, including pages that are being read.
//   - Pages are used for a minute. If a page cannot be read, Gets are made for a minute instead.

// pageLife is how long a page is used.
const pageLife = time.Minute

// pageIndex contains what lists have shown, by site.
type pageIndex struct {
	pageSize int

	mu    sync.Mutex
	sites map[int64]*sitePages
	// order numbers pages and writes, as the clock may not distinguish them. written is the number of a hostname's last
	// write; a write in progress has the highest number.
	order   int64
	written map[int64]int64
	seen    map[int64]seenHostname
}

// seenHostname is where a hostname was last seen, and what Get returned if a refresh called it.
type seenHostname struct {
	siteID int64
	got    *CustomHostname
	order  int64
	at     time.Time
}

// sitePages is what the pages of a site have shown. Whoever uses it holds lock.
type sitePages struct {
	lock  chan struct{}
	items map[int64]listedHostname

	began  time.Time // when the oldest page was requested
	read   int       // pages read
	total  int       // number of pages; 0 if unknown
	gets   int       // reads by Get
	hits   int       // reads from pages
	failed time.Time // when a page could not be read
}

type listedHostname struct {
	hostname CustomHostname
	order    int64
}

func newPageIndex() *pageIndex {
	return &pageIndex{pageSize: MaxPageSize, sites: map[int64]*sitePages{}, written: map[int64]int64{}, seen: map[int64]seenHostname{}}
}

// RefreshCustomHostname returns the same as GetCustomHostname, but from a list page where that is equivalent and cheaper.
// known is the hostname as last read; without SiteID or UpdateTime, the hostname is read by Get.
func (c *Client) RefreshCustomHostname(ctx context.Context, known CustomHostname) (*CustomHostname, error) {
	if known.SiteID != 0 && known.UpdateTime != "" {
		if listed, ok := c.pageIndex.lookup(ctx, c, known.SiteID, known.HostnameID); ok && listed.sameDeployment(&known) {
			listed.CasID, listed.CertID, listed.Certificate = known.CasID, known.CertID, known.Certificate
			return &listed, nil
		}
	}
	return c.refreshByGet(ctx, known.HostnameID)
}

// refreshByGet calls GetCustomHostname and remembers the result for RefreshSeen.
func (c *Client) refreshByGet(ctx context.Context, hostnameID int64) (*CustomHostname, error) {
	order, now := c.pageIndex.next(), c.clock.Now()
	hostname, err := c.GetCustomHostname(ctx, hostnameID)
	if err == nil {
		c.pageIndex.saw(seenHostname{hostname.SiteID, hostname, order, now})
	}
	return hostname, err
}

// RefreshSeen returns the same as GetCustomHostname, except for what lists do not include. It makes no call if the
// hostname was just refreshed, or is on a page that was just read. known is as in RefreshCustomHostname, without a site.
func (c *Client) RefreshSeen(ctx context.Context, known CustomHostname) (*CustomHostname, error) {
	seen := c.pageIndex.lastSeen(known.HostnameID, c.clock.Now())
	if seen.got != nil {
		return seen.got, nil
	}
	if seen.siteID != 0 {
		listed, ok := c.pageIndex.lookup(ctx, c, seen.siteID, known.HostnameID)
		if ok && listed.CertStatus == known.CertStatus && listed.CertNotAfter == known.CertNotAfter {
			return &listed, nil
		}
	}
	return c.refreshByGet(ctx, known.HostnameID)
}

// sameDeployment reports whether nothing indicates another certificate. With SSL off, CertType is that of the last
// certificate, which the state does not keep.
func (h *CustomHostname) sameDeployment(known *CustomHostname) bool {
	return h.UpdateTime == known.UpdateTime && h.SSLFlag == known.SSLFlag &&
		(h.CertType == known.CertType || h.SSLFlag == SSLOff) &&
		h.CertStatus == known.CertStatus && h.CertNotAfter == known.CertNotAfter
}

// lookup finds a hostname on the pages of its site. It reads the pages when the policy says so.
func (x *pageIndex) lookup(ctx context.Context, c *Client, siteID, hostnameID int64) (CustomHostname, bool) {
	s := x.site(siteID)
	select {
	case s.lock <- struct{}{}:
	case <-ctx.Done():
		return CustomHostname{}, false
	}
	defer func() { <-s.lock }()

	s.expire(c.clock.Now())
	for {
		if hostname, ok := x.find(s, hostnameID); ok {
			s.hits++
			return hostname, true
		}
		complete := s.total > 0 && s.read >= s.total
		if complete || !s.failed.IsZero() {
			return CustomHostname{}, false
		}
		if s.gets < max(1, s.total-s.read) {
			s.gets++
			return CustomHostname{}, false
		}
		if err := x.readPages(ctx, c, s, siteID); err != nil {
			if ctx.Err() == nil {
				s.failed = c.clock.Now()
			}
			return CustomHostname{}, false
		}
	}
}

func (x *pageIndex) site(siteID int64) *sitePages {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.sites[siteID]
	if s == nil {
		s = &sitePages{lock: make(chan struct{}, 1)}
		x.sites[siteID] = s
	}
	return s
}

// find returns a hostname from a page, unless it was written since.
func (x *pageIndex) find(s *sitePages, hostnameID int64) (CustomHostname, bool) {
	item, ok := s.items[hostnameID]
	if !ok {
		return CustomHostname{}, false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return item.hostname, item.order > x.written[hostnameID]
}

// expire drops what is too old. If the pages were worth their calls, they are read again at once.
func (s *sitePages) expire(now time.Time) {
	if now.Sub(s.failed) >= pageLife {
		s.failed = time.Time{}
	}
	if now.Sub(s.began) < pageLife {
		return
	}
	if s.hits < s.total {
		s.gets = 0
	}
	s.items, s.read, s.total, s.hits = nil, 0, 0, 0
}

// readPages reads the first page, or all the remaining ones.
func (x *pageIndex) readPages(ctx context.Context, c *Client, s *sitePages, siteID int64) error {
	for {
		order, now := x.next(), c.clock.Now()
		page, err := c.ListCustomHostnames(ctx, ListCustomHostnamesInput{SiteID: siteID, PageNumber: s.read + 1, PageSize: x.pageSize})
		if err != nil {
			return err
		}
		if s.read == 0 {
			s.items, s.began = map[int64]listedHostname{}, now
		}
		x.mu.Lock()
		for _, hostname := range page.Hostnames {
			if _, known := x.seen[hostname.HostnameID]; !known {
				x.seen[hostname.HostnameID] = seenHostname{siteID: siteID}
			}
			// If a hostname is on two pages, the later one is newer.
			s.items[hostname.HostnameID] = listedHostname{hostname, order}
		}
		x.mu.Unlock()
		s.read++
		// ESA may return smaller pages than requested. An empty page is the last one, whatever the total.
		size := min(x.pageSize, max(1, len(page.Hostnames)))
		if first := s.read == 1; first {
			s.total = max(1, (*page.TotalCount+size-1)/size)
			return nil
		}
		if s.read >= s.total || len(page.Hostnames) == 0 {
			s.total = s.read
			return nil
		}
	}
}

// saw records the result of a Get.
func (x *pageIndex) saw(hostname seenHostname) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen[hostname.got.HostnameID] = hostname
}

// lastSeen returns where a hostname was seen, and the result of Get unless it is too old or from before a write.
func (x *pageIndex) lastSeen(hostnameID int64, now time.Time) seenHostname {
	x.mu.Lock()
	defer x.mu.Unlock()
	seen := x.seen[hostnameID]
	if now.Sub(seen.at) >= pageLife || seen.order <= x.written[hostnameID] {
		seen.got = nil
	}
	return seen
}

func (x *pageIndex) next() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.order++
	return x.order
}

// writing invalidates what pages show of a hostname until the write is done, and afterwards what pages show that were
// requested before that. The caller calls done.
func (x *pageIndex) writing(hostnameID int64) (done func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.written[hostnameID] = math.MaxInt64
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.order++
		x.written[hostnameID] = x.order
	}
}
