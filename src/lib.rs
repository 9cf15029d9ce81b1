#![doc = "placeholder"]
pub mod corpus;
