package esa

import (
	"context"
	"fmt"
	"iter"
)

// A list that changes while it is read is read again, at most listReadings times, and at most idleReadings times in a row
// without finding a new item.
const (
	listReadings = 40
	idleReadings = 5
)

// pages yields the items of all pages, each once. fetch returns a page, starting at 1, and the total number of items.
// An item that is removed during the reading moves those behind it to an earlier page, which may have been read already.
// So the list is read again if fewer items were seen than any page counts. A list whose order changes every time may never
// be seen completely in one reading. So the list is also complete once a reading finds no new item, and as many items were
// seen in total as any page counts.
func pages[T any](id func(*T) int64, fetch func(number int) (items []T, total int, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		yielded, mostEver := map[int64]bool{}, 0
		for readings, idle := 0, 0; readings < listReadings && idle < idleReadings; readings++ {
			seen, most, before := map[int64]bool{}, 0, len(yielded)
			for number, read := 1, 0; ; number++ {
				items, total, err := fetch(number)
				if err != nil {
					var none T
					yield(none, err)
					return
				}
				for i := range items {
					key := id(&items[i])
					if seen[key] = true; yielded[key] {
						continue
					}
					if yielded[key] = true; !yield(items[i], nil) {
						return
					}
				}
				most = max(most, total)
				if read += len(items); len(items) == 0 || read >= total {
					break
				}
			}
			mostEver = max(mostEver, most)
			if idle++; len(yielded) > before {
				idle = 0
			}
			if len(seen) >= most || idle > 0 && len(yielded) >= mostEver {
				return
			}
		}
		var none T
		yield(none, errShortList)
	}
}

// errShortList is the error for a list that was never read completely.
var errShortList = fmt.Errorf("the list changed while it was read, %d times in a row, so items are missing", idleReadings)

// AllCustomHostnames yields the custom hostnames that in selects, from all pages. It ends after the first error.
func (c *Client) AllCustomHostnames(ctx context.Context, in ListCustomHostnamesInput) iter.Seq2[CustomHostname, error] {
	in.PageSize = MaxPageSize
	return pages(func(h *CustomHostname) int64 { return h.HostnameID }, func(number int) ([]CustomHostname, int, error) {
		in.PageNumber = number
		page, err := c.ListCustomHostnames(ctx, in)
		if err != nil {
			return nil, 0, err
		}
		return page.Hostnames, *page.TotalCount, nil
	})
}

// AllSites yields the sites that in selects, from all pages. It ends after the first error.
func (c *Client) AllSites(ctx context.Context, in ListSitesInput) iter.Seq2[Site, error] {
	in.PageSize = MaxPageSize
	return pages(func(s *Site) int64 { return s.SiteID }, func(number int) ([]Site, int, error) {
		in.PageNumber = number
		page, err := c.ListSites(ctx, in)
		if err != nil {
			return nil, 0, err
		}
		return page.Sites, page.TotalCount, nil
	})
}

// AllRecords yields the records that in selects, from all pages. It ends after the first error.
func (c *Client) AllRecords(ctx context.Context, in ListRecordsInput) iter.Seq2[Record, error] {
	in.PageSize = MaxPageSize
	return pages(func(r *Record) int64 { return r.RecordID }, func(number int) ([]Record, int, error) {
		in.PageNumber = number
		page, err := c.ListRecords(ctx, in)
		if err != nil {
			return nil, 0, err
		}
		return page.Records, page.TotalCount, nil
	})
}
