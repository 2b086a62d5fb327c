// Burns CPU time in two named functions, three parts to one: what Go's profile is made of.
package main

import (
	"os"
	"runtime/pprof"
	"time"
)

var sink uint64

//go:noinline
func burnMuch(n uint64) {
	for i := uint64(0); i < n; i++ {
		sink = sink*31 + i
	}
}

//go:noinline
func burnLittle(n uint64) {
	for i := uint64(0); i < n; i++ {
		sink = sink*31 + i
	}
}

//go:noinline
func burnBoth() {
	burnMuch(300000)
	burnLittle(100000)
}

func main() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		panic(err)
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		burnBoth()
	}
	pprof.StopCPUProfile()
	file.Close()
}
