// SPDX-License-Identifier: Apache-2.0
//! Times mquire's own search for BTF: each line of the standard input names an image, each line of the
//! output has the seconds that the search took, and how many kernels' BTF it found.

use mquire::core::architecture::Endianness;
use mquire::operating_system::linux::btf::BtfBatchScanner;
use mquire::snapshot::open_memory;
use std::io::{stdin, stdout, BufRead, Write};
use std::path::Path;
use std::time::Instant;

fn main() {
    for line in stdin().lock().lines() {
        let path = line.expect("a path");
        let begun = Instant::now();
        let image = open_memory(Path::new(&path)).expect("an image that mquire reads");
        let scanner = BtfBatchScanner::new(image.as_ref(), Endianness::Little).expect("a scanner");
        let found: usize = scanner.map(|batch| batch.len()).sum();
        println!("{} {}", begun.elapsed().as_secs_f64(), found);
        stdout().flush().expect("somebody who reads");
    }
}
