# Of the tenants in the table, those whose hostname is there already. The others are made.
data "esa_custom_hostnames" "there" {
  site_id = data.esa_site.saas.id
}

import {
  for_each = { for h in data.esa_custom_hostnames.there.hostnames : h.hostname => h.id if contains(keys(local.tenants), h.hostname) }
  to       = esa_custom_hostname.tenant[each.key]
  id       = each.value
}
