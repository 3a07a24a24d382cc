#!/bin/sh
# In a root with Icinga Director and MariaDB: restores /basket.json twice, and prints what Director makes of it.
set -eu
socket=/run/mysqld/mysqld.sock
install -d -o mysql /run/mysqld
[ -d /var/lib/mysql/mysql ] || mariadb-install-db --user=mysql --force >/dev/null
mariadbd --user=mysql --skip-networking --socket=$socket >/dev/null 2>&1 &
server=$!
trap 'kill $server; wait $server' EXIT
until mariadb -S $socket -e 'SELECT 1' >/dev/null 2>&1; do kill -0 $server; sleep 0.2; done
mariadb -S $socket <<SQL
DROP DATABASE IF EXISTS director;
CREATE DATABASE director CHARACTER SET utf8;
CREATE USER IF NOT EXISTS director@localhost IDENTIFIED BY 'director';
GRANT ALL ON director.* TO director@localhost;
SQL
settings=/etc/icingaweb2
modules=/usr/share/icingaweb2/modules
mkdir -p $settings/modules/director $settings/enabledModules
ln -sfn $modules/incubator $modules/reactbundle $modules/director $settings/enabledModules/
cat >$settings/resources.ini <<INI
[director]
type = db
db = mysql
host = localhost
dbname = director
username = director
password = director
charset = utf8
INI
printf '[db]\nresource = director\n' >$settings/modules/director/config.ini
printf '[global]\nmodule_path = %s\n[logging]\nlog = none\n' $modules >$settings/config.ini
icingacli director migration run
icingacli director basket restore </basket.json
icingacli director basket restore </basket.json
for command in conntrack conntrack_host conntrack_host_sudo; do icingacli director command show $command; done
icingacli director service show conntrack
