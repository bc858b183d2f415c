terraform {
  required_providers {
    alicloud = {
      source = "aliyun/alicloud"
    }
    esa = {
      source = "esa-provider/esa"
    }
  }
}

variable "plan_id" {
  description = "Id of your ESA plan, such as esa-site-a1b2c3."
  type        = string
}

variable "access_type" {
  description = "NS: ESA answers for the site's domain. CNAME: your DNS does, and single names point at ESA."
  type        = string
  default     = "NS"
}

# Your own domain, served through ESA.
resource "alicloud_esa_site" "saas" {
  site_name   = "example.com"
  instance_id = var.plan_id
  coverage    = "overseas" # excludes mainland China, which requires an ICP filing
  access_type = var.access_type
}

# The alicloud provider does not export these values.
data "esa_site" "saas" {
  site_id = alicloud_esa_site.saas.id
}

output "site" {
  value = {
    status       = data.esa_site.saas.status
    name_servers = data.esa_site.saas.name_servers # null with CNAME access
  }
}
