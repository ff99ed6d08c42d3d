//! The program as a whole: what it accepts, what it prints, how it ends.

mod basics;
mod reference;
mod running;
