// Command terraform-provider-esa is the Terraform and OpenTofu provider for the
// custom hostnames of Alibaba Cloud ESA. The CLI starts it; a person does not.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"terraform-provider-esa/internal/provider"
)

// A release's linker flags set these.
var (
	version = "dev"
	commit  = "none"
)

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger such as delve, and print how to attach a CLI")
	printVersion := flag.Bool("version", false, "print the version and stop")
	flag.Parse()

	if *printVersion {
		fmt.Printf("terraform-provider-esa %s (commit %s)\n", version, commit)
		return
	}

	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/esa-provider/esa",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
