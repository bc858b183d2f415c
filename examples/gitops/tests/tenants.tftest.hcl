# ci/test.sh runs these on a fake ESA with tests/seed.json, where customers publish every record at once.

variables {
  tenants      = "tests/tenants"
  private_keys = {}
}

run "creates_every_hostname" {
  assert {
    condition     = join(",", sort(flatten([for tenant in output.hostnames : keys(tenant)]))) == "app.two.test,shop.one.test,www.one.test"
    error_message = "The hostnames are not those of the files."
  }

  assert {
    condition     = output.hostnames["one"]["shop.one.test"].status == "active"
    error_message = "A published hostname is not validated."
  }

  assert {
    condition     = output.hostnames["one"]["www.one.test"].status == "pending"
    error_message = "The apply did something about a hostname that is not published."
  }
}

run "tells_what_to_publish" {
  command = plan

  assert {
    condition     = contains(output.dns_records["two"], { name = "app.two.test", type = "CNAME", value = "origin2.example.com" })
    error_message = "The CNAME record does not point at the tenant's record."
  }

  assert {
    condition     = length([for record in output.dns_records["two"] : record if record.name == "_esa_custom_hostname.app.two.test" && startswith(record.value, "verify_")]) == 1
    error_message = "There is no TXT record for the ownership."
  }
}

run "refuses_a_hostname_of_two_tenants" {
  command = plan

  variables {
    tenants = "tests/twice"
  }

  expect_failures = [output.dns_records]
}

run "refuses_a_misspelt_setting" {
  command = plan

  variables {
    tenants = "tests/misspelt"
  }

  expect_failures = [output.dns_records]
}

run "refuses_an_unknown_certificate" {
  command = plan

  module {
    source = "./modules/tenant"
  }

  variables {
    site_id      = "7001"
    record_id    = "7101"
    cname_target = "origin.example.com"
    hostnames    = { "shop.one.test" = { certificate = "gratis" } }
  }

  expect_failures = [var.hostnames]
}

run "refuses_a_certificate_of_another_folder" {
  command = plan

  module {
    source = "./modules/tenant"
  }

  variables {
    site_id      = "7001"
    record_id    = "7101"
    cname_target = "origin.example.com"
    hostnames    = { "../tests/shop.one.test" = { certificate = "upload" } }
  }

  expect_failures = [var.hostnames]
}
