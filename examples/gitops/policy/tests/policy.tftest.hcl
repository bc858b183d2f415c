# Plans are shortened to what the policies read.

run "nothing_to_say" {
  command = plan

  variables {
    plan = "testdata/create.json"
  }

  assert {
    condition     = length(output.destroyed) == 0
    error_message = "A plan that only creates destroys something."
  }
}

run "destroy_is_refused" {
  command = plan

  variables {
    plan = "testdata/destroy.json"
  }

  expect_failures = [output.destroyed]
}

run "destroy_is_allowed_by_name" {
  command = plan

  variables {
    plan    = "testdata/destroy.json"
    allowed = "testdata/allowed.yaml"
  }

  assert {
    condition     = join(",", output.destroyed) == "shop.customer-a.com"
    error_message = "The destroyed hostname is not named."
  }
}

run "replace_is_refused" {
  command = plan

  variables {
    plan = "testdata/replace.json"
  }

  expect_failures = [output.destroyed]
}

run "key_in_state_is_refused" {
  command = plan

  variables {
    plan = "testdata/private-key.json"
  }

  expect_failures = [output.uploads]
}
