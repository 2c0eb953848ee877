//! How many connections each client has open.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use tokio::task::Id;

/// The unit in which clients are counted: an IPv4 address, or the /64 of an IPv6 address, as a site has all addresses of
/// its /64. An IPv4 address written as IPv6 counts as IPv4.
#[must_use]
pub fn client_group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
        ip => ip,
    }
}

/// The open connections of each client, by the tasks that serve them.
#[derive(Default)]
pub(crate) struct Clients {
    by_task: HashMap<Id, IpAddr>,
    open: HashMap<IpAddr, usize>,
}

impl Clients {
    /// How many connections a client has open.
    pub(crate) fn count(&self, client: IpAddr) -> usize {
        self.open.get(&client).copied().unwrap_or(0)
    }

    /// Counts a connection until its task ends.
    pub(crate) fn add(&mut self, task: Id, client: IpAddr) {
        self.by_task.insert(task, client);
        *self.open.entry(client).or_default() += 1;
    }

    /// Takes a connection off, its task having ended. One that was never counted changes nothing.
    pub(crate) fn remove(&mut self, task: Id) {
        let Some(client) = self.by_task.remove(&task) else {
            return;
        };
        let Some(count) = self.open.get_mut(&client) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.open.remove(&client);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::task::JoinSet;

    use super::*;

    #[test]
    fn ipv6_addresses_count_by_their_64_bit_network() {
        for (address, group) in [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            let [address, group] = [address, group].map(|text| text.parse().expect("an address"));
            assert_eq!(client_group(address), group);
        }
    }

    #[tokio::test]
    async fn connections_are_counted_by_address_until_they_end() {
        let address = IpAddr::from([192, 0, 2, 1]);
        let mut tasks = JoinSet::new();
        let mut clients = Clients::default();
        for _ in 0..2 {
            let id = tasks.spawn(async {}).id();
            clients.add(id, address);
        }
        let aborted = tasks.spawn(pending());
        clients.add(aborted.id(), address);
        aborted.abort();
        assert_eq!(clients.count(address), 3);
        while let Some(ended) = tasks.join_next_with_id().await {
            clients.remove(ended.map_or_else(|error| error.id(), |(id, ())| id));
        }
        assert_eq!(clients.count(address), 0);
        assert!(clients.by_task.is_empty() && clients.open.is_empty());
    }
}
