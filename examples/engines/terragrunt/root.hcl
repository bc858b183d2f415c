# Shared by all sites: the configuration, copied for each site, and the place of the states.
terraform {
  source = "${get_parent_terragrunt_dir("root")}/../sites"
}

remote_state {
  backend = "local"

  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }

  config = {
    path = "${get_terragrunt_dir()}/terraform.tfstate"
  }
}
