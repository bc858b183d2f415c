# No account and no server: the CLI makes up ESA's responses. Ids have to be numbers, because the provider checks them.
mock_provider "esa" {
  mock_data "esa_site" {
    defaults = { id = "4042843419650112" }
  }

  mock_data "esa_record" {
    defaults = { id = "4042843419650113" }
  }

  mock_resource "esa_custom_hostname" {
    defaults = {
      id          = "4042843419650201"
      status      = "pending"
      verify_host = "_esa_custom_hostname.shop.customer-a.com"
      verify_code = "verify_a6dea5fc0a1d3346e06e61fda11012c7"
    }
  }

  # Every wait ends at once.
  mock_resource "esa_custom_hostname_validation" {
    defaults = {
      id     = "4042843419650201"
      status = "active"
    }
  }
}

run "makes_a_hostname_of_each_line" {
  assert {
    condition     = length(esa_custom_hostname.tenant) == length(local.tenants)
    error_message = "A line of the table has no hostname."
  }

  assert {
    condition     = contains(output.records, { name = "_esa_custom_hostname.shop.customer-a.com", type = "TXT", value = "verify_a6dea5fc0a1d3346e06e61fda11012c7" })
    error_message = "The TXT record is not among those to be published."
  }
}

run "takes_the_record_of_the_line" {
  command = plan

  assert {
    condition     = alltrue([for name, tenant in esa_custom_hostname.tenant : tenant.record_id == data.esa_record.origin[local.tenants[name].record].id])
    error_message = "A hostname is not on the record of its line."
  }
}
