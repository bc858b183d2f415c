include "root" {
  path = find_in_parent_folders("root.hcl")
}

inputs = {
  site                = "example.com"
  requests_per_second = 15
}
