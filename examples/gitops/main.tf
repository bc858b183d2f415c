# Role, OIDC provider and token come from the pipeline's environment. If the environment has an access key, as on your own
# machine or with the fake, it is used instead.
provider "esa" {
  assume_role_with_oidc {}
}

locals {
  folder = "${path.root}/${var.tenants}"

  # One file per tenant, named after it.
  tenants = { for file in fileset(local.folder, "*.yaml") : trimsuffix(file, ".yaml") => yamldecode(file("${local.folder}/${file}")) }

  # Checks that YAML cannot make; the first output fails on them.
  hostnames = flatten([for tenant in local.tenants : keys(tenant.hostnames)])
  twice     = distinct([for name in local.hostnames : name if length([for other in local.hostnames : other if other == name]) > 1])
  misspelt = flatten([for name, tenant in local.tenants : concat(
    [for key in keys(tenant) : "${name}.yaml: ${key}" if !contains(["record", "hostnames"], key)],
    [for hostname, settings in tenant.hostnames : [for key in keys(settings) : "${name}.yaml: ${hostname}: ${key}" if !contains(["certificate", "published"], key)]],
  )])
}

data "esa_site" "saas" {
  site_name = var.site_name
}

data "esa_record" "origin" {
  for_each    = toset([for tenant in local.tenants : tenant.record])
  site_id     = data.esa_site.saas.id
  record_name = each.key
}

locals {
  # With CNAME access, customers point at a name of ESA's own; with NS access, at the record itself.
  cname_targets = { for name, record in data.esa_record.origin : name => data.esa_site.saas.access_type == "CNAME" ? record.record_cname : record.record_name }
}

module "tenant" {
  source   = "./modules/tenant"
  for_each = local.tenants

  site_id      = data.esa_site.saas.id
  record_id    = data.esa_record.origin[each.value.record].id
  cname_target = local.cname_targets[each.value.record]
  hostnames    = each.value.hostnames
  certificates = "${path.root}/${var.certificates}"
  private_keys = var.private_keys
}

# Every plan warns about hostnames that need attention, and none fails. A data source inside a check block would be read by every
# apply, so every plan would have changes. The state of these contains only the hostnames with a problem.
data "esa_custom_hostnames" "certificate" {
  site_id     = data.esa_site.saas.id
  cert_status = ["ApplyFailed", "Expiring", "Expired"]
}

data "esa_custom_hostnames" "not_served" {
  for_each = toset(["conflicted", "offline"])
  site_id  = data.esa_site.saas.id
  status   = each.key
}

locals {
  attention = { for h in concat(data.esa_custom_hostnames.certificate.hostnames, values(data.esa_custom_hostnames.not_served)[*].hostnames...) :
    h.hostname => "${h.status}, certificate ${coalesce(h.cert_status, "none")}. ${coalesce(h.conflict_with, h.offline_reason, h.cert_apply_message, "Look at it in the console.")}"...
  }
}

check "in_service" {
  assert {
    condition     = length(local.attention) == 0
    error_message = join("\n", [for name, states in local.attention : "${name}: ${states[0]}"])
  }
}
