"""Clients of HDFS and YARN that others wrote, each through what its users do. usage: clients.py CLIENT; nothing is printed where all is as it should be."""
import os
import sys
import tempfile
import xml.etree.ElementTree as ET

CONF = os.environ["HADOOP_CONF_DIR"]
USER = os.environ["HADOOP_USER_NAME"]


def conf(key):
    for file in ("core", "hdfs", "yarn"):
        for p in ET.parse(f"{CONF}/{file}-site.xml").getroot().iter("property"):
            if p.find("name").text == key:
                return p.find("value").text
    raise KeyError(key)


WEB = conf("dfs.namenode.http-address.mycluster.nn1")
RPC = conf("dfs.namenode.rpc-address.mycluster.nn1")
BYTES = bytes(i * 7 & 255 for i in range(3_000_001))


def hdfscli():
    from hdfs import InsecureClient, HdfsError

    c = InsecureClient(f"http://{WEB}", user=USER)
    c.write("/hdfscli/a/text", data="hello\n", encoding="utf-8")
    c.write("/hdfscli/a/text", data="more\n", encoding="utf-8", append=True)
    with c.read("/hdfscli/a/text", encoding="utf-8") as r:
        assert r.read() == "hello\nmore\n"
    with c.read("/hdfscli/a/text", offset=2, length=3) as r:
        assert r.read() == b"llo"
    with tempfile.TemporaryDirectory() as local:
        os.mkdir(f"{local}/up")
        for i in range(3):
            open(f"{local}/up/{i}", "wb").write(BYTES[: i * 1_000_000])
        c.upload("/hdfscli/up", f"{local}/up", n_threads=2)
        c.download("/hdfscli/up", f"{local}/down", n_threads=2)
        for i in range(3):
            assert open(f"{local}/down/{i}", "rb").read() == BYTES[: i * 1_000_000]
    assert [p for p, _, _ in c.walk("/hdfscli")] == ["/hdfscli", "/hdfscli/a", "/hdfscli/up"]
    c.rename("/hdfscli/up/2", "/hdfscli/two")
    assert c.checksum("/hdfscli/two")["algorithm"] == "MD5-of-0MD5-of-512CRC32C"
    assert c.content("/hdfscli")["length"] == 3_000_011
    c.set_acl("/hdfscli/two", "user::rwx,user:joe:rw-,group::r--,other::---,mask::rw-")
    assert c.acl_status("/hdfscli/two")["entries"] == ["user:joe:rw-", "group::r--"]
    c.set_times("/hdfscli/two", access_time=1000, modification_time=2000)
    assert c.status("/hdfscli/two")["modificationTime"] == 2000
    c.allow_snapshot("/hdfscli/a")
    assert c.create_snapshot("/hdfscli/a", "s") == "/hdfscli/a/.snapshot/s"
    assert c.status("/nope", strict=False) is None
    try:
        c.status("/nope")
        raise AssertionError("it is not there")
    except HdfsError as e:
        assert e.message == "File does not exist: /nope", e.message


def pywebhdfs():
    from pywebhdfs.webhdfs import PyWebHdfsClient

    host, port = WEB.split(":")
    c = PyWebHdfsClient(host=host, port=port, user_name=USER)
    c.create_file("pywebhdfs/f", "data", overwrite=True)
    c.append_file("pywebhdfs/f", "more")
    assert c.read_file("pywebhdfs/f") == b"datamore"
    c.set_xattr("pywebhdfs/f", "user.a", "v")
    assert "user.a" in c.list_xattrs("pywebhdfs/f")["XAttrNames"]
    assert c.rename_file_dir("pywebhdfs/f", "/pywebhdfs/g") == {"boolean": True}
    assert not c.exists_file_dir("pywebhdfs/f")
    c.delete_file_dir("pywebhdfs", recursive=True)


def fsspec():
    import fsspec as library

    host, port = WEB.split(":")
    f = library.filesystem("webhdfs", host=host, port=int(port), user=USER)
    with f.open("/fsspec/big", "wb", block_size=1 << 20) as o:
        o.write(BYTES)
    assert f.cat("/fsspec/big") == BYTES
    assert f.cat_file("/fsspec/big", 1000, 2000) == BYTES[1000:2000]
    f.mv("/fsspec/big", "/fsspec/b2")
    assert f.find("/fsspec") == ["/fsspec/b2"]
    f.rm("/fsspec", recursive=True)
    assert not f.exists("/fsspec")


def hdfs_native():
    from hdfs_native import Client, WriteOptions

    c = Client("hdfs://mycluster")
    with c.create("/native/f", WriteOptions(overwrite=True, block_size=1 << 20)) as o:
        o.write(BYTES)
    with c.append("/native/f") as o:
        o.write(b"tail")
    with c.read("/native/f") as r:
        assert r.read() == BYTES + b"tail"
        assert r.read_range(1_048_570, 12) == BYTES[1_048_570:1_048_582]
    c.rename("/native/f", "/native/g")
    c.set_permission("/native/g", 0o600)
    assert [(s.path, s.length, s.permission) for s in c.list_status("/native", recursive=True)] == [("/native/g", 3_000_005, 0o600)]
    assert c.get_content_summary("/native").file_count == 1
    try:
        c.get_file_info("/nope")
        raise AssertionError("it is not there")
    except FileNotFoundError:
        pass
    assert c.delete("/native", True)


def snakebite():
    from snakebite.client import Client

    host, port = RPC.split(":")
    c = Client(host, int(port), effective_user=USER)
    list(c.mkdir(["/snakebite/a"], create_parent=True))
    list(c.touchz(["/snakebite/a/t"]))
    import hdfs

    hdfs.InsecureClient(f"http://{WEB}", user=USER).write("/snakebite/f", data=BYTES)
    assert b"".join(part for file in c.cat(["/snakebite/f"]) for part in file) == BYTES
    assert sorted(f["path"] for f in c.ls(["/snakebite"], recurse=True)) == ["/snakebite/a", "/snakebite/a/t", "/snakebite/f"]
    list(c.rename(["/snakebite/f"], "/snakebite/g"))
    assert next(c.count(["/snakebite"]))["length"] == len(BYTES)
    assert c.serverdefaults()["bytesPerChecksum"] == 512
    list(c.delete(["/snakebite"], recurse=True))
    assert not [f for f in c.ls(["/"]) if f["path"] == "/snakebite"]


def yarn_api():
    import time
    from yarn_api_client import NodeManager, ResourceManager

    rm = ResourceManager([f"http://{conf('yarn.resourcemanager.webapp.address')}"])
    assert rm.cluster_information().data["clusterInfo"]["state"] == "STARTED"
    app = rm.cluster_new_application().data["application-id"]
    rm.cluster_submit_application(
        {
            "application-id": app,
            "application-name": "python",
            "am-container-spec": {"commands": {"command": "sleep 60"}},
            "max-app-attempts": 1,
            "resource": {"memory": 128, "vCores": 1},
            "application-type": "PYTHON",
        }
    )
    for _ in range(300):
        containers = rm.cluster_application_attempts(app).data["appAttempts"]["appAttempt"]
        if containers and containers[0].get("nodeHttpAddress"):
            break
        time.sleep(0.1)
    node = NodeManager(f"http://{containers[0]['nodeHttpAddress']}")
    assert node.node_information().data["nodeInfo"]["nodeHealthy"]
    assert rm.cluster_applications(application_types=["PYTHON"]).data["apps"]["app"][0]["id"] == app
    assert [n["state"] for n in rm.cluster_nodes(states=["RUNNING"]).data["nodes"]["node"]] == ["RUNNING", "RUNNING"]
    assert rm.cluster_get_application_queue(app).data["queue"] == "default"
    rm.cluster_application_kill(app)
    for _ in range(300):
        if rm.cluster_application_state(app).data["state"] == "KILLED":
            return
        time.sleep(0.1)
    raise AssertionError("the application was not killed")


{f.__name__: f for f in (hdfscli, pywebhdfs, fsspec, hdfs_native, snakebite, yarn_api)}[sys.argv[1]]()
