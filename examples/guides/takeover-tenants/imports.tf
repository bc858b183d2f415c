# The tenants in the table whose hostname already exists. The others are created.
data "esa_custom_hostnames" "there" {
  site_id = data.esa_site.saas.id
}

import {
  for_each = { for h in data.esa_custom_hostnames.there.hostnames : h.hostname => h.id if contains(keys(local.tenants), h.hostname) }
  to       = esa_custom_hostname.tenant[each.key]
  id       = each.value
}
