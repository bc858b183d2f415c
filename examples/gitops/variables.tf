variable "site_name" {
  description = "Name of the ESA site that serves the tenants."
  type        = string
  default     = "example.com"
}

variable "tenants" {
  description = "Folder of the tenants' files. Tests have folders of their own."
  type        = string
  default     = "tenants"
}

variable "certificates" {
  description = "Folder of the certificates of hostnames with certificate: upload, each in <hostname>.pem with its chain."
  type        = string
  default     = "certificates"
}

# Ephemeral: stored in neither plan nor state. The job that applies sets TF_VAR_private_keys, a JSON object, from its secrets; a
# plan needs none.
variable "private_keys" {
  description = "PEMs of the private keys of those certificates, by hostname."
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true
}
