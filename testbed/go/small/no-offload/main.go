// Command no-offload is a CNI plugin that stands behind the one that made a pod's network. It turns off the
// interface's checksum offload, so that packets leave the pod with their checksums written, as they come from a
// machine. Run with the name of an interface, it does that where it is.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

// From linux/sockios.h and linux/ethtool.h.
const (
	ioctlEthtool = 0x8946
	setTxSums    = 0x17
)

func main() {
	var err error
	if len(os.Args) == 2 {
		err = turnOff(os.Args[1])
	} else {
		err = plugin(os.Getenv("CNI_COMMAND"))
	}
	if err != nil {
		fmt.Printf(`{"cniVersion": "1.0.0", "code": 100, "msg": %q}`, err.Error())
		os.Exit(1)
	}
}

func plugin(command string) error {
	if command == "VERSION" {
		fmt.Print(`{"cniVersion": "1.0.0", "supportedVersions": ["1.0.0"]}`)
		return nil
	}
	if command != "ADD" {
		return nil
	}
	var config struct {
		PrevResult json.RawMessage `json:"prevResult"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&config); err != nil {
		return err
	}
	// A Go program has several threads, and a network namespace is one thread's: another process enters it.
	enter := "--net=" + os.Getenv("CNI_NETNS")
	output, err := exec.Command("nsenter", enter, os.Args[0], os.Getenv("CNI_IFNAME")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	_, err = os.Stdout.Write(config.PrevResult)
	return err
}

func turnOff(name string) error {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	value := struct{ command, data uint32 }{setTxSums, 0}
	request := struct {
		name  [syscall.IFNAMSIZ]byte
		value unsafe.Pointer
		_     [16]byte
	}{value: unsafe.Pointer(&value)}
	copy(request.name[:syscall.IFNAMSIZ-1], name)
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), ioctlEthtool, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}
