// Command plain serves the provider by the framework alone, for TestAccLogs to compare with.
package main

import (
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"terraform-provider-esa/internal/provider"
)

func main() {
	if err := tf6server.Serve("registry.terraform.io/esa-provider/esa", providerserver.NewProtocol6(provider.New("dev")())); err != nil {
		log.Fatal(err)
	}
}
