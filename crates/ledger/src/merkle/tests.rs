use proptest::prelude::*;

use super::*;

/// The leaves that implementations of Certificate Transparency test with.
const LEAVES: [&[u8]; 8] = [
    b"",
    &[0x00],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[
        0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f,
    ],
];

/// Their roots for 0 to 8 leaves.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Proofs over them, as published with these leaves: (index, leaves, path).
const INCLUSIONS: [(u64, u64, &[&str]); 5] = [
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        3,
        &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    ),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

/// (first, second, path).
const CONSISTENCIES: [(u64, u64, &[&str]); 4] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn digests(texts: &[&str]) -> Vec<Digest> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn tree(leaves: &[&[u8]]) -> Tree {
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(leaf));
    tree
}

/// The definitions of RFC 9162, section 2.1, word for word.
mod naive {
    use super::{Digest, empty_root, leaf_hash, node_hash};

    fn part(leaves: &[Vec<u8>]) -> (&[Vec<u8>], &[Vec<u8>]) {
        let mut size = 1;
        while size * 2 < leaves.len() {
            size *= 2;
        }
        leaves.split_at(size)
    }

    pub(super) fn root(leaves: &[Vec<u8>]) -> Digest {
        match leaves {
            [] => empty_root(),
            [leaf] => leaf_hash(leaf),
            _ => {
                let (left, right) = part(leaves);
                node_hash(&root(left), &root(right))
            }
        }
    }

    pub(super) fn path(index: usize, leaves: &[Vec<u8>]) -> Vec<Digest> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = part(leaves);
        let (mut below, other) = if index < left.len() {
            (path(index, left), root(right))
        } else {
            (path(index - left.len(), right), root(left))
        };
        below.push(other);
        below
    }

    pub(super) fn proof(first: usize, leaves: &[Vec<u8>]) -> Vec<Digest> {
        if first == 0 {
            Vec::new()
        } else {
            subproof(first, leaves, true)
        }
    }

    fn subproof(first: usize, leaves: &[Vec<u8>], whole: bool) -> Vec<Digest> {
        if first == leaves.len() {
            return if whole { Vec::new() } else { vec![root(leaves)] };
        }
        let (left, right) = part(leaves);
        let (mut below, other) = if first <= left.len() {
            (subproof(first, left, whole), root(right))
        } else {
            (subproof(first - left.len(), right, false), root(left))
        };
        below.push(other);
        below
    }
}

#[test]
fn roots_are_the_published_ones() {
    let mut frontier = Frontier::new();
    let whole = tree(&LEAVES);
    for (size, root) in ROOTS.iter().enumerate() {
        let root = root.parse().unwrap();
        assert_eq!(frontier.root(), root, "{size} leaves");
        assert_eq!(whole.root_at(size as u64), Some(root), "{size} leaves");
        if let Some(leaf) = LEAVES.get(size) {
            frontier.push(leaf);
        }
    }
    assert_eq!(whole.root_at(9), None);
}

#[test]
fn inclusion_proofs_are_the_published_ones() {
    let tree = tree(&LEAVES);
    for (index, leaves, path) in INCLUSIONS {
        let proof = tree.prove_inclusion(index, leaves).unwrap();
        assert_eq!(proof.path, digests(path), "{index} of {leaves}");
        let root = tree.root_at(leaves).unwrap();
        assert_eq!(proof.verify(LEAVES[index as usize], &root), Ok(()));
        assert!(proof.verify(b"another", &root).is_err());
    }
    assert_eq!(tree.prove_inclusion(8, 8), None);
    assert_eq!(tree.prove_inclusion(0, 9), None);
}

#[test]
fn consistency_proofs_are_the_published_ones() {
    let tree = tree(&LEAVES);
    for (first, second, path) in CONSISTENCIES {
        let proof = tree.prove_consistency(first, second).unwrap();
        assert_eq!(proof.path, digests(path), "{first} to {second}");
        let roots = (tree.root_at(first).unwrap(), tree.root_at(second).unwrap());
        assert_eq!(proof.verify(&roots.0, &roots.1), Ok(()));
    }
    assert_eq!(tree.prove_consistency(2, 1), None);
    assert_eq!(tree.prove_consistency(2, 9), None);
}

#[test]
fn impossible_proofs_are_refused() {
    let root = empty_root();
    let long = vec![root; 66];
    let mut inclusion = InclusionProof {
        index: 1,
        leaves: 1,
        path: Vec::new(),
    };
    assert_eq!(inclusion.verify(b"", &root), Err(ProofError::Shape));
    inclusion.leaves = u64::MAX;
    inclusion.path = long.clone();
    assert_eq!(inclusion.verify(b"", &root), Err(ProofError::Shape));
    for (first, second, path) in [
        (2, 1, vec![]),
        (1, 2, vec![]),
        (3, 4, vec![]),
        (1, u64::MAX, long),
    ] {
        let proof = ConsistencyProof { first, second, path };
        assert_eq!(proof.verify(&root, &root), Err(ProofError::Shape), "{proof:?}");
    }
}

proptest! {
    #[test]
    fn the_tree_agrees_with_the_definitions(count in 0usize..70, at in any::<prop::sample::Index>()) {
        let leaves: Vec<Vec<u8>> = (0..count).map(|place| vec![place as u8; place % 5]).collect();
        let slices: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
        let tree = tree(&slices);
        let mut frontier = Frontier::new();
        slices.iter().for_each(|leaf| frontier.push(leaf));
        prop_assert_eq!(frontier.root(), naive::root(&leaves));
        prop_assert_eq!(tree.root(), naive::root(&leaves));
        prop_assert_eq!(tree.leaves(), frontier.leaves());
        let first = at.index(count + 1);
        let consistency = tree.prove_consistency(first as u64, count as u64).unwrap();
        prop_assert_eq!(&consistency.path, &naive::proof(first, &leaves));
        let old = naive::root(&leaves[..first]);
        prop_assert_eq!(consistency.verify(&old, &tree.root()), Ok(()));
        if first < count {
            let inclusion = tree.prove_inclusion(first as u64, count as u64).unwrap();
            prop_assert_eq!(&inclusion.path, &naive::path(first, &leaves));
            prop_assert_eq!(inclusion.verify(&leaves[first], &tree.root()), Ok(()));
        }
    }

    #[test]
    fn a_changed_proof_proves_nothing(
        count in 2u64..70, at in any::<prop::sample::Index>(), which in any::<prop::sample::Index>(), bit in 0usize..256
    ) {
        let mut tree = Tree::new();
        (0..count).for_each(|place| tree.push(&place.to_be_bytes()));
        let index = at.index(count as usize) as u64;
        let mut inclusion = tree.prove_inclusion(index, count).unwrap();
        change(&mut inclusion.path, &which, bit);
        prop_assert!(inclusion.verify(&index.to_be_bytes(), &tree.root()).is_err());
        let first = 1 + at.index(count as usize - 1) as u64;
        let mut consistency = tree.prove_consistency(first, count).unwrap();
        change(&mut consistency.path, &which, bit);
        let roots = (tree.root_at(first).unwrap(), tree.root());
        prop_assert!(consistency.verify(&roots.0, &roots.1).is_err());
    }
}

/// Flips a bit, or takes a digest away if there is another place to look.
fn change(path: &mut Vec<Digest>, which: &prop::sample::Index, bit: usize) {
    let place = which.index(path.len());
    if bit == 0 {
        path.remove(place);
        return;
    }
    let mut bytes = *path[place].as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    path[place] = Digest::from_bytes(bytes);
}
