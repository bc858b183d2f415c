import {
  for_each = local.hostnames
  to       = esa_custom_hostname.tenant[each.key]
  id       = each.value.id
}
