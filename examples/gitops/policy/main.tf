# What a plan must not do. It reads the JSON of "terraform show -json", needs nothing but Terraform or OpenTofu, and fails
# with all that it refuses. ci/plan.sh runs it on every plan.
#
# It is closed by default: what it cannot read, cannot see or does not know is refused. It judges hostnames; of other resources
# only whether it knows what happens to them.

terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    esa = {
      source  = "esa-provider/esa"
      version = "< 0.2.0"
    }
  }
}

variable "plan" {
  description = "Path of the plan in JSON."
  type        = string

  validation {
    condition     = can(regex("^1\\.", jsondecode(file(var.plan)).format_version))
    error_message = "No plan can be read at ${var.plan}: it is missing, is not JSON, or has another format than 1. Write it with terraform show -json."
  }
}

variable "allowed" {
  description = "Path of the file with what is allowed all the same."
  type        = string
  default     = "allowed.yaml"
}

variable "days" {
  description = "How many days an uploaded certificate is good for at least, when it is uploaded."
  type        = number
  default     = 30
}

locals {
  plan    = jsondecode(file(var.plan))
  allowed = yamldecode(file(var.allowed))

  changes   = lookup(local.plan, "resource_changes", []) # a plan of nothing has none
  hostnames = [for change in local.changes : change if change.mode == "managed" && change.type == "esa_custom_hostname"]
  written   = [for change in local.hostnames : change if length(setintersection(change.change.actions, ["create", "update"])) > 0]

  destroyed = [for change in local.hostnames : change.change.before.hostname if contains(change.change.actions, "delete")]
  forgotten = [for change in local.changes : change.address if contains(change.change.actions, "forget")]

  # What is judged here must be known: an apply would learn it when it is too late.
  judged = ["hostname", "certificate", "private_key"]
  unseen = [for change in local.written : { address = change.address, arguments = [for name in local.judged : name if lookup(change.change.after_unknown, name, false)] }]
  seen   = [for i, change in local.written : change.change if length(local.unseen[i].arguments) == 0]

  # Only new certificates: one that runs out must not stop everybody's other changes.
  uploads = { for change in local.seen : change.after.hostname => provider::esa::parse_certificate(change.after.certificate).not_after
  if change.after.certificate != null && (change.before == null ? null : change.before.certificate) != change.after.certificate }

  unknown_actions = [for change in local.changes : "${change.address} (${join(", ", change.change.actions)})"
  if length(change.change.actions) == 0 || length(setsubtract(change.change.actions, ["no-op", "read", "create", "update", "delete", "forget"])) > 0]
  refused_destroys = sort(setsubtract(local.destroyed, local.allowed.destroy))
  refused_forgets  = sort(setsubtract(local.forgotten, local.allowed.forget))
  refused_unseen   = [for change in local.unseen : "${change.address} (${join(", ", change.arguments)})" if length(change.arguments) > 0]
  refused_uploads  = sort([for name, not_after in local.uploads : "${name} (until ${not_after})" if timecmp(not_after, timeadd(plantimestamp(), "${var.days * 24}h")) < 0])
  refused_keys     = sort([for change in local.seen : change.after.hostname if change.after.private_key != null])
}

output "actions" {
  description = "What the plan does, with anything."
  value       = distinct(flatten([for change in local.changes : change.change.actions]))

  precondition {
    condition     = !lookup(local.plan, "errored", false) && length(lookup(local.plan, "deferred_changes", [])) == 0
    error_message = "The plan is not whole: it ended with an error, or puts changes off. Plan again."
  }

  precondition {
    condition     = length(local.unknown_actions) == 0
    error_message = "The policies do not know what the plan does with ${join(", ", local.unknown_actions)}."
  }
}

output "destroyed" {
  description = "The hostnames that the plan destroys, or destroys and creates anew."
  value       = local.destroyed

  precondition {
    condition     = length(local.refused_destroys) == 0
    error_message = "The plan destroys ${join(", ", local.refused_destroys)}. Their traffic ends with that. If it is meant, add them to destroy in policy/allowed.yaml."
  }
}

output "forgotten" {
  description = "The resources that the plan forgets: they go on without Terraform."
  value       = local.forgotten

  precondition {
    condition     = length(local.refused_forgets) == 0
    error_message = "The plan forgets ${join(", ", local.refused_forgets)}. Nobody manages them from then on. If it is meant, add them to forget in policy/allowed.yaml."
  }
}

output "uploads" {
  description = "The certificates that the plan uploads, and how long they are good."
  value       = local.uploads

  precondition {
    condition     = length(local.refused_unseen) == 0
    error_message = "What is not known before the apply cannot be judged: ${join(", ", local.refused_unseen)}. Take it from files or variables, not from other resources."
  }

  precondition {
    condition     = length(local.refused_uploads) == 0
    error_message = "These certificates are good for less than ${var.days} days: ${join(", ", local.refused_uploads)}. Upload newer ones."
  }

  precondition {
    condition     = length(local.refused_keys) == 0
    error_message = "private_key is kept in the state of ${join(", ", local.refused_keys)}. Use private_key_wo."
  }
}
