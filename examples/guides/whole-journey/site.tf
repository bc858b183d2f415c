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
  description = "Id of the ESA plan that you have bought, such as esa-site-a1b2c3."
  type        = string
}

variable "access_type" {
  description = "NS: ESA answers for the site's domain. CNAME: your DNS does, and names are led to ESA one by one."
  type        = string
  default     = "NS"
}

# Your own domain, in front of which ESA is put.
resource "alicloud_esa_site" "saas" {
  site_name   = "example.com"
  instance_id = var.plan_id
  coverage    = "overseas" # without mainland China, where an ICP filing is needed
  access_type = var.access_type
}

# The alicloud provider does not export what you need next.
data "esa_site" "saas" {
  site_id = alicloud_esa_site.saas.id
}

output "site" {
  value = {
    status       = data.esa_site.saas.status
    name_servers = data.esa_site.saas.name_servers # null with CNAME access
  }
}
