//! Whole inputs, read, cut and planned.

mod planned;
mod reader;
