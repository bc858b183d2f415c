package esa

import (
	"context"
	"math"
	"sync"
	"time"
)

// A refresh reads every hostname of a state, and knows neither how many there are nor how many the site has. Policy:
//
//   - A site's first read is a Get: one hostname alone costs one call. The second reads the first page, which says how
//     many pages there are.
//   - What no page has shown yet is read by Get, until that has cost about as many calls as the pages that are left;
//     then they are read, once, while all other reads of the site wait. So it costs never much more than twice the
//     cheaper way, wherever the run ends.
//   - A listed hostname that differs from what is known in nothing that has to do with certificates is taken from the
//     page, completed by the known values of what lists do not show. Any other is read by Get.
//   - A hostname that is on no page is read by Get: pages shift while they are read, and only Get tells what is gone.
//   - Who knows a hostname by its id alone (RefreshSeen) is given what has just been read of it, or what a page of the
//     site shows that it was last seen at.
//   - A write of ours puts what the pages said of that hostname out of use, also those that are just being read.
//   - Pages are used for a minute. One that cannot be read is no error: Gets are made for a minute instead.

// pageLife is how long a page is believed.
const pageLife = time.Minute

// pageIndex holds what lists have said, by site.
type pageIndex struct {
	pageSize int

	mu    sync.Mutex
	sites map[int64]*sitePages
	// order numbers pages and writes, so that they can be told apart where the clock does not. written holds the
	// number of a hostname's last write; a write under way has the highest.
	order   int64
	written map[int64]int64
	seen    map[int64]seenHostname
}

// seenHostname is where a hostname was last seen, and what Get said of it if a refresh has asked.
type seenHostname struct {
	siteID int64
	got    *CustomHostname
	order  int64
	at     time.Time
}

// sitePages is what the pages of a site have said. Its holder has the turn.
type sitePages struct {
	turn  chan struct{}
	items map[int64]listedHostname

	began  time.Time // when the oldest page was asked for
	read   int       // pages read
	total  int       // pages there are; 0 is not known
	gets   int       // reads that were left to Get
	hits   int       // reads that a page answered
	failed time.Time // when a page could not be read
}

type listedHostname struct {
	hostname CustomHostname
	order    int64
}

func newPageIndex() *pageIndex {
	return &pageIndex{pageSize: MaxPageSize, sites: map[int64]*sitePages{}, written: map[int64]int64{}, seen: map[int64]seenHostname{}}
}

// RefreshCustomHostname returns what GetCustomHostname would, from a list page where that is as good and cheaper. known
// is the hostname as it was when last read; without SiteID or UpdateTime it is read by Get.
func (c *Client) RefreshCustomHostname(ctx context.Context, known CustomHostname) (*CustomHostname, error) {
	if known.SiteID != 0 && known.UpdateTime != "" {
		if listed, ok := c.pages.lookup(ctx, c, known.SiteID, known.HostnameID); ok && listed.sameDeployment(&known) {
			listed.CasID, listed.CertID, listed.Certificate = known.CasID, known.CertID, known.Certificate
			return &listed, nil
		}
	}
	return c.refreshByGet(ctx, known.HostnameID)
}

// refreshByGet is GetCustomHostname for a refresh, which may soon ask for the same again.
func (c *Client) refreshByGet(ctx context.Context, hostnameID int64) (*CustomHostname, error) {
	order, now := c.pages.next(), c.clock.Now()
	hostname, err := c.GetCustomHostname(ctx, hostnameID)
	if err == nil {
		c.pages.saw(seenHostname{hostname.SiteID, hostname, order, now})
	}
	return hostname, err
}

// RefreshSeen returns what GetCustomHostname would, but for what lists do not show, and without a call if the hostname
// was refreshed, or is on a page that was read, a moment ago. known is as in RefreshCustomHostname, without a site.
func (c *Client) RefreshSeen(ctx context.Context, known CustomHostname) (*CustomHostname, error) {
	seen := c.pages.lastSeen(known.HostnameID, c.clock.Now())
	if seen.got != nil {
		return seen.got, nil
	}
	if seen.siteID != 0 {
		listed, ok := c.pages.lookup(ctx, c, seen.siteID, known.HostnameID)
		if ok && listed.CertStatus == known.CertStatus && listed.CertNotAfter == known.CertNotAfter {
			return &listed, nil
		}
	}
	return c.refreshByGet(ctx, known.HostnameID)
}

// sameDeployment tells whether nothing speaks for another certificate. With SSL off the type is the last one's, which
// nobody keeps.
func (h *CustomHostname) sameDeployment(known *CustomHostname) bool {
	return h.UpdateTime == known.UpdateTime && h.SSLFlag == known.SSLFlag &&
		(h.CertType == known.CertType || h.SSLFlag == SSLOff) &&
		h.CertStatus == known.CertStatus && h.CertNotAfter == known.CertNotAfter
}

// lookup finds a hostname on the pages of its site, and reads them when it is time to.
func (x *pageIndex) lookup(ctx context.Context, c *Client, siteID, hostnameID int64) (CustomHostname, bool) {
	s := x.site(siteID)
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return CustomHostname{}, false
	}
	defer func() { <-s.turn }()

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
		s = &sitePages{turn: make(chan struct{}, 1)}
		x.sites[siteID] = s
	}
	return s
}

// find returns a hostname that a page shows, unless it was written since.
func (x *pageIndex) find(s *sitePages, hostnameID int64) (CustomHostname, bool) {
	item, ok := s.items[hostnameID]
	if !ok {
		return CustomHostname{}, false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return item.hostname, item.order > x.written[hostnameID]
}

// expire forgets what is too old. Where the pages have paid, they are read again at once.
func (s *sitePages) expire(now time.Time) {
	if !s.failed.IsZero() && now.Sub(s.failed) >= pageLife {
		s.failed = time.Time{}
	}
	if s.read == 0 || now.Sub(s.began) < pageLife {
		return
	}
	if s.hits < s.total {
		s.gets = 0
	}
	s.items, s.read, s.total, s.hits = nil, 0, 0, 0
}

// readPages reads the first page, or all that are left.
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
			// Of a hostname that has moved to a later page, the later one is the newer.
			s.items[hostname.HostnameID] = listedHostname{hostname, order}
		}
		x.mu.Unlock()
		s.read++
		// How many fit on a page is for ESA to say. An empty page is the end, whatever the total.
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

// saw keeps what a refresh has got.
func (x *pageIndex) saw(hostname seenHostname) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen[hostname.got.HostnameID] = hostname
}

// lastSeen is where a hostname was seen, and what Get said if that is neither too old nor from before a write.
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

// writing puts what pages say of a hostname out of use until the write is done, and what those say that were asked for
// before that. The caller calls done.
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
