// Command world plays the hosts outside of the cluster that answer over HTTP and HTTPS, and the metadata service of a
// cloud provider. Each listener is one argument: http=ADDRESS:PORT, https=ADDRESS:PORT or metadata=ADDRESS:PORT.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
)

func main() {
	certificate := flag.String("certificate", "", "file of the certificate for https")
	key := flag.String("key", "", "file of its key")
	flag.Parse()
	failed := make(chan error)
	for _, argument := range flag.Args() {
		kind, address, _ := strings.Cut(argument, "=")
		listener, err := net.Listen("tcp", address)
		if err != nil {
			log.Fatal(err)
		}
		server := &http.Server{Handler: handler(kind)}
		go func() {
			if kind == "https" {
				failed <- server.ServeTLS(listener, *certificate, *key)
			} else {
				failed <- server.Serve(listener)
			}
		}()
	}
	fmt.Println("ready")
	log.Fatal(<-failed)
}

func handler(kind string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Printf("%s %s from %s for %s", kind, r.Method, r.RemoteAddr, r.URL.Path)
		if kind == "metadata" {
			fmt.Fprintln(w, "instance metadata stand-in: a pod that reads this is not isolated")
			return
		}
		client, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintf(w, "%s %s\n", r.Host, client)
	})
}
