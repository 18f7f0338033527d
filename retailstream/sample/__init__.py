from retailstream.sample.write import SampleReport, write_sample

__all__ = ["SampleReport", "write_sample"]
