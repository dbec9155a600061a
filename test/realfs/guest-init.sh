#!/bin/bash
# The first and only process of the User-mode Linux guest: makes two NFS clients of one kernel, mounts the volume on
# each, runs one program and switches the guest off. `guest.env` beside this file says what differs between runs.
#
# A and B are network namespaces, each with a network card and an address of its own: the kernel then keeps two
# clients with their own connection, superblock and caches. They have host names of their own, too, because the NFSv4
# client's identity is made of the host name, and two clients of one identity evict each other.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
work=$(dirname "$0")
. "$work/guest.env" # NFS SERVER NODE ROOT PROGRAM

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /run
mount -t tmpfs tmp /mnt
mkdir -p /dev/shm && mount -t tmpfs tmp /dev/shm
mount --bind /usr/lib/uml/modules /lib/modules
mkdir -p /run/netns /mnt/a /mnt/b /mnt/host /dev/shm/local
mount -t hostfs none -o "$work/out" /mnt/host
# The root is the host's, read-only: what programs write goes to memory.
export HOME=/dev/shm/local TMPDIR=/dev/shm/local NODE_COMPILE_CACHE=/dev/shm/local/compiled
hostname guest
ip link set lo up

inside() { # inside a|b COMMAND…
  nsenter --net="/run/netns/$1" unshare --uts sh -c 'hostname "client-$0"; exec "$@"' "$@"
}
number=1
for client in a b; do
  card=vec$((number - 1))
  address=10.99.7$number
  ip netns add $client
  ip link set $card netns $client
  inside $client ip link set lo up
  inside $client ip addr add $address.2/24 dev $card
  inside $client ip link set $card up
  inside $client ip route add default via $address.1
  # `mount -i`: the helper /sbin/mount.nfs is of a package that nothing here needs; so the options are the kernel's.
  case $NFS in
    3)
      modprobe nfsv3
      options="vers=3,nolock,addr=$SERVER,proto=tcp,port=2049,mountaddr=$SERVER,mountport=20048,mountproto=tcp,sec=sys"
      inside $client mount -i -t nfs -o "$options" "$SERVER:/data" /mnt/$client
      ;;
    *)
      modprobe nfsv4
      options="vers=$NFS,addr=$SERVER,clientaddr=$address.2,proto=tcp,port=2049,sec=sys"
      inside $client mount -i -t nfs4 -o "$options" "$SERVER:/data" /mnt/$client
      ;;
  esac
  number=$((number + 1))
done
grep ' /mnt/[ab] ' /proc/mounts >/mnt/host/mounts
uname -r >/mnt/host/kernel

if [ "$(wc -l </mnt/host/mounts)" = 2 ]; then
  cd "$ROOT" && "$NODE" --conditions=source --disable-warning=ExperimentalWarning "$PROGRAM" >/mnt/host/program.log 2>&1
  echo $? >/mnt/host/status
fi
cd / && umount /mnt/a /mnt/b /mnt/host
sync
echo o >/proc/sysrq-trigger
sleep 5
