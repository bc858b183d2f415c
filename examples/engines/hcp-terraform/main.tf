terraform {
  required_providers {
    tfe = {
      source = "hashicorp/tfe"
    }
  }
}

variable "organization" {
  type = string
}

variable "repository" {
  description = "Such as my-company/infrastructure, with the configuration in its folder sites."
  type        = string
}

variable "github_app_installation_id" {
  type = string
}

locals {
  sites = {
    "example.com" = { requests_per_second = 15 }
    "example.org" = { requests_per_second = 5 }
  }
}

# The number of agents in the pool is the number of sites that are applied at the same time.
resource "tfe_agent_pool" "esa" {
  name         = "esa"
  organization = var.organization
}

resource "tfe_workspace" "site" {
  for_each          = local.sites
  name              = replace(each.key, ".", "-") # names cannot have dots
  organization      = var.organization
  working_directory = "sites"
  trigger_patterns  = ["sites/*.tf", "sites/${each.key}.csv"]

  vcs_repo {
    identifier                 = var.repository
    github_app_installation_id = var.github_app_installation_id
  }
}

resource "tfe_workspace_settings" "site" {
  for_each            = local.sites
  workspace_id        = tfe_workspace.site[each.key].id
  execution_mode      = "agent"
  agent_pool_id       = tfe_agent_pool.esa.id
  assessments_enabled = true # detects drift once a day
}

resource "tfe_variable" "site" {
  for_each     = local.sites
  workspace_id = tfe_workspace.site[each.key].id
  category     = "terraform"
  key          = "site"
  value        = each.key
}

resource "tfe_variable" "requests_per_second" {
  for_each     = local.sites
  workspace_id = tfe_workspace.site[each.key].id
  category     = "terraform"
  key          = "requests_per_second"
  value        = each.value.requests_per_second
}
