package esa

import (
	"context"
	"iter"
)

// pages yields the items of all pages. fetch returns one page, from 1, and how many items there are on all. An item
// that moves to a later page while they are read comes twice; callers tell items by their ids.
func pages[T any](fetch func(number int) (items []T, total int, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seen := 0
		for number := 1; ; number++ {
			items, total, err := fetch(number)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if seen += len(items); len(items) == 0 || seen >= total {
				return
			}
		}
	}
}

// AllCustomHostnames yields the custom hostnames that in selects, from all pages. It ends with the first error.
func (c *Client) AllCustomHostnames(ctx context.Context, in ListCustomHostnamesInput) iter.Seq2[CustomHostname, error] {
	in.PageSize = MaxPageSize
	return pages(func(number int) ([]CustomHostname, int, error) {
		in.PageNumber = number
		page, err := c.ListCustomHostnames(ctx, in)
		if err != nil {
			return nil, 0, err
		}
		return page.Hostnames, *page.TotalCount, nil
	})
}

// AllSites yields the sites that in selects, from all pages. It ends with the first error.
func (c *Client) AllSites(ctx context.Context, in ListSitesInput) iter.Seq2[Site, error] {
	in.PageSize = MaxPageSize
	return pages(func(number int) ([]Site, int, error) {
		in.PageNumber = number
		page, err := c.ListSites(ctx, in)
		if err != nil {
			return nil, 0, err
		}
		return page.Sites, page.TotalCount, nil
	})
}

// AllRecords yields the records that in selects, from all pages. It ends with the first error.
func (c *Client) AllRecords(ctx context.Context, in ListRecordsInput) iter.Seq2[Record, error] {
	in.PageSize = MaxPageSize
	return pages(func(number int) ([]Record, int, error) {
		in.PageNumber = number
		page, err := c.ListRecords(ctx, in)
		if err != nil {
			return nil, 0, err
		}
		return page.Records, page.TotalCount, nil
	})
}
