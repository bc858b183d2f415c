import {
  for_each = local.tenants
  to       = esa_custom_hostname.tenant[each.key]
  id       = "${data.esa_site.saas.id}/${each.key}"
}
